"""What exists of events, schedules, queues, topics and of what AWS runs of MLflow and Airflow."""

from collections.abc import Iterator

from sandbox.cloud.item import Call, Item, tags_of


def _buses(call: Call) -> Iterator[Item]:
    events = call("events")
    for bus in events.list_event_buses()["EventBuses"]:
        if bus["Name"] != "default":
            yield Item("event bus", bus["Name"], tags_of(events.list_tags_for_resource(ResourceARN=bus["Arn"])["Tags"]))
        for page in events.get_paginator("list_rules").paginate(EventBusName=bus["Name"]):
            for rule in page["Rules"]:
                tags = tags_of(events.list_tags_for_resource(ResourceARN=rule["Arn"])["Tags"])
                yield Item("event rule", f"{bus['Name']}/{rule['Name']}", tags)
    for connection in events.list_connections()["Connections"]:
        yield Item("event connection", connection["Name"])
    for destination in events.list_api_destinations()["ApiDestinations"]:
        yield Item("api destination", destination["Name"])


def _schedules(call: Call) -> Iterator[Item]:
    scheduler = call("scheduler")
    for page in scheduler.get_paginator("list_schedule_groups").paginate():
        for group in page["ScheduleGroups"]:
            if group["Name"] != "default":
                tags = tags_of(scheduler.list_tags_for_resource(ResourceArn=group["Arn"])["Tags"])
                yield Item("schedule group", group["Name"], tags)
    for page in scheduler.get_paginator("list_schedules").paginate():
        for schedule in page["Schedules"]:
            yield Item("schedule", f"{schedule['GroupName']}/{schedule['Name']}")


def _queues(call: Call) -> Iterator[Item]:
    sqs = call("sqs")
    for page in sqs.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            yield Item("queue", url.rpartition("/")[2], sqs.list_queue_tags(QueueUrl=url).get("Tags", {}))


def _topics(call: Call) -> Iterator[Item]:
    sns = call("sns")
    for page in sns.get_paginator("list_topics").paginate():
        for topic in page["Topics"]:
            arn = topic["TopicArn"]
            tags = tags_of(sns.list_tags_for_resource(ResourceArn=arn)["Tags"])
            yield Item("topic", arn.rpartition(":")[2], tags)
    for page in sns.get_paginator("list_subscriptions").paginate():
        for one in page["Subscriptions"]:
            yield Item("subscription", f"{one['TopicArn'].rpartition(':')[2]} {one['Protocol']}")


def _managed(call: Call) -> Iterator[Item]:
    sagemaker, mwaa = call("sagemaker"), call("mwaa")
    for page in sagemaker.get_paginator("list_mlflow_apps").paginate():
        for app in page["Summaries"]:
            yield Item("mlflow app", app["Name"], tags_of(sagemaker.list_tags(ResourceArn=app["Arn"])["Tags"]))
    for page in mwaa.get_paginator("list_environments").paginate():
        for name in page["Environments"]:
            yield Item("airflow environment", name, mwaa.get_environment(Name=name)["Environment"].get("Tags", {}))


WALKS = (_buses, _schedules, _queues, _topics, _managed)
