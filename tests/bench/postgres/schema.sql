-- What ansinh's commit does, as one stored function per operation, the way an experienced hand would
-- write it for PostgreSQL: narrow tables, keys of 8 bytes, one round trip, prepared.
CREATE TABLE answers (request_id bigint PRIMARY KEY, fingerprint bigint NOT NULL, answer bytea NOT NULL);
CREATE TABLE citizens (id bigint PRIMARY KEY, version int NOT NULL, state bytea NOT NULL) WITH (fillfactor = 70);
CREATE TABLE identities (id bigint PRIMARY KEY, sealed bytea NOT NULL);
CREATE TABLE journal (part int, seq bigint, event bytea NOT NULL, PRIMARY KEY (part, seq));
-- The control totals of the 1,024 partitions, each row on a page with room for its own next versions.
CREATE TABLE totals (
  part int PRIMARY KEY, seq bigint NOT NULL DEFAULT 0, enrolled bigint NOT NULL DEFAULT 0,
  payments bigint NOT NULL DEFAULT 0, participants bigint NOT NULL DEFAULT 0, months bigint NOT NULL DEFAULT 0,
  participant_vnd bigint NOT NULL DEFAULT 0, central_vnd bigint NOT NULL DEFAULT 0,
  local_vnd bigint NOT NULL DEFAULT 0, donor_vnd bigint NOT NULL DEFAULT 0) WITH (fillfactor = 20);
INSERT INTO totals (part) SELECT generate_series(0, 1023);

-- 0: done; 1: known, answered from what is stored; 2: the id was used for another request; 3: conflict.
CREATE FUNCTION enrol(p_request bigint, p_fingerprint bigint, p_citizen bigint, p_state bytea, p_identity bytea,
                      p_event bytea, p_answer bytea) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_part int := p_citizen & 1023;
  v_seq bigint;
  v_fingerprint bigint;
BEGIN
  SELECT fingerprint INTO v_fingerprint FROM answers WHERE request_id = p_request;
  IF FOUND THEN RETURN CASE WHEN v_fingerprint = p_fingerprint THEN 1 ELSE 2 END; END IF;
  INSERT INTO citizens VALUES (p_citizen, 1, p_state) ON CONFLICT DO NOTHING;
  IF NOT FOUND THEN RETURN 3; END IF;
  INSERT INTO identities VALUES (p_citizen, p_identity);
  UPDATE totals SET seq = seq + 1, enrolled = enrolled + 1 WHERE part = v_part RETURNING seq INTO v_seq;
  INSERT INTO journal VALUES (v_part, v_seq, p_event);
  INSERT INTO answers VALUES (p_request, p_fingerprint, p_answer);
  RETURN 0;
END $$;

CREATE FUNCTION pay(p_request bigint, p_fingerprint bigint, p_citizen bigint, p_version int, p_state bytea,
                    p_event bytea, p_answer bytea) RETURNS int LANGUAGE plpgsql AS $$
DECLARE
  v_part int := p_citizen & 1023;
  v_seq bigint;
  v_fingerprint bigint;
BEGIN
  SELECT fingerprint INTO v_fingerprint FROM answers WHERE request_id = p_request;
  IF FOUND THEN RETURN CASE WHEN v_fingerprint = p_fingerprint THEN 1 ELSE 2 END; END IF;
  UPDATE citizens SET version = version + 1, state = p_state WHERE id = p_citizen AND version = p_version;
  IF NOT FOUND THEN RETURN 3; END IF;
  UPDATE totals SET seq = seq + 1, payments = payments + 1, participants = participants + 1, months = months + 1,
    participant_vnd = participant_vnd + 264000, central_vnd = central_vnd + 66000, local_vnd = local_vnd + 0,
    donor_vnd = donor_vnd + 0 WHERE part = v_part RETURNING seq INTO v_seq;
  INSERT INTO journal VALUES (v_part, v_seq, p_event);
  INSERT INTO answers VALUES (p_request, p_fingerprint, p_answer);
  RETURN 0;
END $$;
