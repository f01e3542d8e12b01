DELETE FROM aslog.replica WHERE incarnation = @incarnation
