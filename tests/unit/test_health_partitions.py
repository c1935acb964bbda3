"""What is found wrong with the months and with the job that archives and drops them."""

from datetime import UTC, datetime, timedelta

from camgrid import health


def test_a_month_that_is_missing_now_and_not_one_far_ahead():
    now, later = datetime.now(UTC).date(), (datetime.now(UTC) + timedelta(days=70)).date()
    missing = [{"table_name": "camera_events", "start_date": day} for day in (now, later)]
    (finding,) = health._partitions({"partitions_until": [], "months_missing": missing})
    assert (finding.where, finding.what) == ("camera_events", f"the month {now:%Y-%m} is missing")
    assert finding.next == "camgrid partitions ensure"


def test_a_failed_job_of_the_months_names_its_verb():
    job = {"job_name": "camgrid-age-partitions", "active": True, "last_status": "failed", "last_message": "refused"}
    (finding,) = health._jobs({"jobs": [job]})
    assert finding.what == "failed: refused"
    assert "camgrid partitions archive" in finding.next
