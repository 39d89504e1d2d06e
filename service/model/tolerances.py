"""How far two answers to one question may lie apart, and what each bound is for.

Unless it says otherwise, a bound is absolute for numbers up to 1, and so for
probabilities, and relative for larger ones.
"""

# The same answer, but for the last bits of sums taken in another order: a plan and its
# pipeline, trees and their interpreter, a row alone and among others.
SAME_ANSWER = 1e-12

# The same answer of a pipeline that sums in float32, which rounds at the eighth digit:
# how a table lies in memory decides the order of its sums.
SAME_SINGLE = 1e-6

# How far an owner may let an answer among strangers' requests lie from that alone: as
# far as float16 rounds.
WIDEST_BATCH = 1e-3

# Beyond this, a row's answer depends on the other rows of its table: more than float32
# rounds.
DEPENDENT_ROWS = 1e-5

# A golden record is reproduced, relative: another processor may sum in another order.
# An owner may widen it so far.
GOLDEN_RECORD = 1e-9
WIDEST_GOLDEN_RECORD = 1e-6

# The same of a network that answers in float32, relative, and absolute near zero: with
# other instructions another processor differed by 1.5e-7 (PyTorch on AVX2 and SSE4.2).
SINGLE_GOLDEN_RECORD = 1e-5
SINGLE_NEAR_ZERO = 1e-6

# As a fraction of the largest golden prediction: a number below it is a zero that
# rounding changed.
ROUNDED_ZERO = 1e-12

# Two scores of trees this near each other tie, and either class may win: far more than
# the difference between two orders of summation.
TIED_SCORES = 1e-9
