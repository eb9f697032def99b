"""One file per area of pages; each exports `routes`."""
