"""The action log into Postgres with dlt, as its documentation advises: the REST API
source with its own paginator, a dependent resource for the groups, an incremental
cursor with a lag, and rows merged by their key.

    AS_URL=… PROJECT=… DESTINATION__POSTGRES__CREDENTIALS=… pipeline.py backfill|live
"""

import os
import sys
import time

import dlt
from dlt.sources.rest_api import rest_api_source

# How far back of the newest start each run reads again: actions run for 16 s at most.
LAG = 30


PAGES = {
    "type": "offset",
    "limit": 100,
    "offset_param": "start_number",
    "limit_param": "limit",
    "total_path": "total_number",
}


def action_log():
    project = os.environ["PROJECT"]
    return rest_api_source(
        {
            "client": {
                "base_url": os.environ["AS_URL"] + "/autoscaling-api/",
            },
            "resources": [
                {
                    "name": "groups",
                    "endpoint": {"path": f"v1/{project}/scaling_group", "data_selector": "scaling_groups", "paginator": PAGES},
                },
                {
                    "name": "actions",
                    "primary_key": "id",
                    # Not upsert: it stops when a load holds a key twice, and a row does
                    # come twice when pages move while they are read.
                    "write_disposition": {"disposition": "merge", "strategy": "delete-insert"},
                    "max_table_nesting": 0,  # one table; lists are JSON
                    "parallelized": True,
                    "include_from_parent": ["scaling_group_id"],
                    "endpoint": {
                        "path": f"v2/{project}/scaling_activity_log/{{resources.groups.scaling_group_id}}",
                        "data_selector": "scaling_activity_log",
                        "paginator": PAGES,
                        "params": {"start_time": "{incremental.start_value}"},
                        "incremental": {
                            "cursor_path": "start_time",
                            "initial_value": "2000-01-01T00:00:00Z",
                            "lag": LAG,
                        },
                    },
                },
            ],
        }
    ).with_resources("actions")


def main():
    pipeline = dlt.pipeline("action_log", destination="postgres", dataset_name="peer", pipelines_dir=os.environ["PIPELINES"])
    while True:
        began = time.monotonic()
        pipeline.run(action_log(), loader_file_format="csv")
        if sys.argv[1] == "backfill":
            return
        time.sleep(max(0, began + 1 - time.monotonic()))


main()
