SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#contract",
  docExpansion: "full",
  validatorUrl: null,
});
