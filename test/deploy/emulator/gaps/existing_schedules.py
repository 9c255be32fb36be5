"""
CloudFormation fails to create a schedule whose name exists in its group. The emulator adopts the existing schedule.
"""

from ministack.services import scheduler
from ministack.services.cloudformation import provisioners


def close():
    handler = provisioners._RESOURCE_HANDLERS["AWS::Scheduler::Schedule"]
    create = handler["create"]

    def create_new(logical_id, props, stack_name):
        group, name = props.get("GroupName", "default"), props.get("Name")
        if f"{group}/{name}" in scheduler._schedules:
            raise ValueError(f"Schedule {name} already exists in group {group}.")
        return create(logical_id, props, stack_name)

    handler["create"] = create_new
