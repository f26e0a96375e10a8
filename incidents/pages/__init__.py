"""The pages that people work in. Each view parses, makes one domain call, and renders."""
