"""The Celery application, as durable as Herald, and otherwise at its own best.

Every choice is the peer's usual one, or one in its favour:
- prefork workers, late acknowledgement, JSON: as its documentation advises for work that matters;
- quorum queues, and confirmed publishes between tasks, for Herald's are both;
- no results, events, gossip, mingle or remote control: nothing here needs them;
- connections to broker and database are pooled and kept, and so is the HTTP session;
- of the prefetch and concurrency (`running.py`) tried on two cores, none was clearly faster.
"""

from __future__ import annotations

import os

from celery import Celery
from kombu import Exchange, Queue

COMMANDS, OUTBOUND, RECEIPTS = "celery.commands", "celery.outbound", "celery.receipts"
EXCHANGE = "celery_form"


def _queue(name: str) -> Queue:
    # named here, since the default type does not hold for queues that Celery makes by itself
    arguments = {"x-queue-type": "quorum"}
    exchange = Exchange(EXCHANGE, type="topic")  # quorum queues need it for delayed deliveries
    return Queue(name, exchange, routing_key=name, queue_arguments=arguments)


app = Celery("celery_form", broker=os.environ.get("HERALD_AMQP_URL"))
app.conf.update(
    imports=["bench.celery_form.tasks"],
    task_queues=[_queue(name) for name in (COMMANDS, OUTBOUND, RECEIPTS)],
    task_routes={
        "celery_form.send": {"queue": COMMANDS},
        "celery_form.deliver": {"queue": OUTBOUND},
        "celery_form.receipt": {"queue": RECEIPTS},
    },
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_ignore_result=True,
    task_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=8,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
)
