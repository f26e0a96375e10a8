"""批量导入: a hundred thousand reports of one source in one file, from the upload to what came of each row.

Bytes → lines in parts → mapping → check → batches through `intake.receive` → what was refused, as a sheet.
"""
