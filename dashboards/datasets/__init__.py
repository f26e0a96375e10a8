"""数据超市: data sets with a stable schema, who may have them, and files without personal data in them."""
