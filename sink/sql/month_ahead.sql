SELECT aslog.make_journal_month((now() AT TIME ZONE 'UTC' + @months * interval '1 month')::date)
