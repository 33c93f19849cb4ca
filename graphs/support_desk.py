"""Orchestrator and workers: a typed plan, one Send a task to the worker for its type, one checked reply."""

from langgraph.graph import END, START

from fanloom import StateGraph, add_fan_out
from nodes.support_desk.context import DeskContext
from nodes.support_desk.planning import check_input, plan_tasks, who_asks
from nodes.support_desk.reply import write_reply
from nodes.support_desk.state import DeskInput, DeskOutput, DeskState
from nodes.support_desk.workers import accept_return, find_order, hand_over, investigate_invoice

builder = StateGraph(DeskState, context_schema=DeskContext, input_schema=DeskInput, output_schema=DeskOutput)
builder.add_node("check_input", check_input)
builder.add_node("plan_tasks", plan_tasks)
builder.add_node("write_reply", write_reply)
builder.add_edge(START, "check_input")
builder.add_conditional_edges("check_input", who_asks)
add_fan_out(
    builder,
    "plan_tasks",
    over="tasks",
    workers={
        "BillingInquiry": investigate_invoice,
        "ProductReturn": accept_return,
        "StatusUpdate": find_order,
        "Other": hand_over,
    },
    join="write_reply",
)
builder.add_edge("write_reply", END)

graph = builder.compile(name="support_desk", pattern="orchestrator-workers")
