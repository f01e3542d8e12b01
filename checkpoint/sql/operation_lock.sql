-- Two last parts that end at once must see each other.
SELECT FROM aslog.operation WHERE id = @operation FOR UPDATE
