"""Temporal search attributes: few, because SQL visibility has ten Keyword columns a namespace (server 1.32)."""

from temporalio.common import SearchAttributeKey

CREATOR_ID = SearchAttributeKey.for_keyword("CreatorId")
VIDEO_ID = SearchAttributeKey.for_keyword("VideoId")
JOB_TYPE = SearchAttributeKey.for_keyword("JobType")

ALL = (CREATOR_ID, VIDEO_ID, JOB_TYPE)
