UPDATE aslog.operation SET outcome = @outcome WHERE id = @operation AND outcome IS NULL
