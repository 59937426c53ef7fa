"""Manufacturing: items, bills of materials, stock, orders. What other domains may use is listed here."""
