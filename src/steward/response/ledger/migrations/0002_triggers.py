"""The triggers that write the ledger, and those that keep anybody from changing it."""

from django.db import migrations

WRITING = """
CREATE FUNCTION ledger_changed(before jsonb, after jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(jsonb_object_agg(key, value), '{}') FROM jsonb_each(after) WHERE before -> key IS DISTINCT FROM value
$$;

CREATE FUNCTION ledger_page() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  hidden text[] := ARRAY['id', 'body'];
  change jsonb := to_jsonb(NEW) - hidden;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    change := ledger_changed(to_jsonb(OLD) - hidden, change);
    IF change = '{}' THEN RETURN NULL; END IF;
  ELSE
    change := change || jsonb_build_object('body_sha256', encode(sha256(convert_to(NEW.body, 'UTF8')), 'hex'));
  END IF;
  INSERT INTO ledger_entry (at, kind, record_id, page_id, user_id, change)
  VALUES (clock_timestamp(), 'page', NEW.id, NEW.id, NEW.user_id, change);
  RETURN NULL;
END $$;

CREATE FUNCTION ledger_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  -- An address may hold a token; when a row is looked at again is no event.
  hidden text[] := ARRAY['id', 'page_id', 'target', 'due_at', 'leased_until'];
  change jsonb := to_jsonb(NEW) - hidden;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    change := ledger_changed(to_jsonb(OLD) - hidden, change);
    IF change = '{}' THEN RETURN NULL; END IF;
  END IF;
  INSERT INTO ledger_entry (at, kind, record_id, page_id, user_id, change)
  SELECT clock_timestamp(), 'delivery', NEW.id, NEW.page_id, page.user_id, change
  FROM notifications_page page WHERE page.id = NEW.page_id;
  RETURN NULL;
END $$;

CREATE FUNCTION ledger_attempt() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  hidden text[] := ARRAY['id'];
  change jsonb := to_jsonb(NEW) - hidden;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    change := ledger_changed(to_jsonb(OLD) - hidden, change);
    IF change = '{}' THEN RETURN NULL; END IF;
  END IF;
  INSERT INTO ledger_entry (at, kind, record_id, page_id, user_id, change)
  SELECT clock_timestamp(), 'attempt', NEW.id, page.id, page.user_id, change
  FROM notifications_delivery delivery JOIN notifications_page page ON page.id = delivery.page_id
  WHERE delivery.id = NEW.delivery_id;
  RETURN NULL;
END $$;

CREATE TRIGGER ledger_page AFTER INSERT OR UPDATE ON notifications_page
  FOR EACH ROW EXECUTE FUNCTION ledger_page();
CREATE TRIGGER ledger_delivery AFTER INSERT OR UPDATE ON notifications_delivery
  FOR EACH ROW EXECUTE FUNCTION ledger_delivery();
CREATE TRIGGER ledger_attempt AFTER INSERT OR UPDATE ON notifications_attempt
  FOR EACH ROW EXECUTE FUNCTION ledger_attempt();
"""

KEEPING = """
CREATE FUNCTION ledger_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF current_setting('steward.ledger_prune', true) = 'on' THEN RETURN OLD; END IF;
    RAISE EXCEPTION 'entries of the ledger are never removed; steward ledger prune cuts old ones';
  END IF;
  IF OLD.sequence IS NULL AND NEW.sequence IS NOT NULL AND NEW.hash IS NOT NULL
     AND (OLD.id, OLD.at, OLD.kind, OLD.record_id, OLD.page_id, OLD.user_id, OLD.change)
       IS NOT DISTINCT FROM (NEW.id, NEW.at, NEW.kind, NEW.record_id, NEW.page_id, NEW.user_id, NEW.change) THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'entries of the ledger are never changed';
END $$;
CREATE TRIGGER ledger_append_only BEFORE UPDATE OR DELETE ON ledger_entry
  FOR EACH ROW EXECUTE FUNCTION ledger_append_only();
INSERT INTO ledger_clock (due_at, checked_through, problem) VALUES (now(), 0, '');
"""

UNDO = """
DROP TRIGGER ledger_attempt ON notifications_attempt;
DROP TRIGGER ledger_delivery ON notifications_delivery;
DROP TRIGGER ledger_page ON notifications_page;
DROP TRIGGER ledger_append_only ON ledger_entry;
DROP FUNCTION ledger_attempt, ledger_delivery, ledger_page, ledger_append_only, ledger_changed;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("notifications", "0002_bundling")]
    operations = [migrations.RunSQL(WRITING + KEEPING, UNDO)]
