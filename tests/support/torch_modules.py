"""Modules of PyTorch as teams write them; they travel by code=."""

from typing import NamedTuple

import torch
from torch import nn


class RiskNet(nn.Module):  # type: ignore[misc]
    """Scores of two classes from a row of numbers."""

    def __init__(self, width: int, hidden: int = 32) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Linear(width, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(0.2),
            nn.Linear(hidden, 2),
        )

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return self.body(rows)


class DigitNet(nn.Module):  # type: ignore[misc]
    """A convolutional net on images of eight by eight, with a tied weight and a table.

    `scale` is not in its state: such a buffer travels with the module.
    """

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 8, 3, padding=1)
        self.second = nn.Conv2d(8, 16, 3, stride=2, padding=1)
        self.last = nn.Linear(16 * 4 * 4, 10)
        self.register_buffer("scale", torch.tensor(1 / 16), persistent=False)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        hidden = torch.relu(self.first(image.reshape(-1, 1, 8, 8) * self.scale))
        hidden = torch.relu(self.second(hidden)).flatten(1)
        return torch.softmax(self.last(hidden), dim=1)


class Found(NamedTuple):
    """What `PairNet` gives."""

    price: torch.Tensor
    days: torch.Tensor


class PairNet(nn.Module):  # type: ignore[misc]
    """Two inputs, one of them indices of an embedding, and two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.places = nn.Embedding(5, 3)
        self.price = nn.Linear(7, 1)
        self.days = nn.Linear(7, 2)

    def forward(self, place: torch.Tensor, sizes: torch.Tensor) -> Found:
        hidden = torch.cat([self.places(place[:, 0]), sizes], dim=1)
        return Found(self.price(hidden), self.days(hidden))


class Squeezed(nn.Module):  # type: ignore[misc]
    """Loses its rows where there is one."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows.sum(dim=1).squeeze()


class Undefined(nn.Module):  # type: ignore[misc]
    """Gives NaN for a row of negative numbers."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows.sum(dim=1, keepdim=True).sqrt()


class Random(nn.Module):  # type: ignore[misc]
    """Gives another answer each time."""

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        return rows.sum(dim=1, keepdim=True) + torch.rand(1)
