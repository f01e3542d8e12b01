-- The start of a group's newest stored action of before a moment whose absence
-- from an answer would be evidence. An open one may be hidden where an end_time is
-- asked for; and one that was stored as ended before it is said to have started
-- (a minute for clocks that differ) has a stamp that says nothing.
SELECT max(start_time)
FROM aslog.scaling_action
WHERE group_id = @group AND start_time < @before AND NOT open
  AND start_time <= changed_at + interval '1 minute'
