"""简报: weekly and monthly briefs as page, paper, workbook and mail; the numbers are the boards' own."""
