"""The description of the API: parameters, answers, and the OpenAPI document generated from them."""
