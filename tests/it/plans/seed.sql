-- A large database: 1,000,000 payments with their submissions and events, of one large tenant, which has 200,000 of them,
-- and of 199 small ones. They are told in the order of their making: ids and sequences rise. What hangs on a payment
-- hangs on the newest 100,000: more than enough to make reading such a table from end to end a fault. 55,000 payments
-- are open, and none of them is due, nor is any webhook: the worker of the test has only what the test makes.

SET maintenance_work_mem = '256MB';

-- Many indexes are made faster than they are kept. They come back as they were.
CREATE TEMP TABLE put_aside AS
SELECT indexname, indexdef FROM pg_indexes
WHERE schemaname = 'public' AND tablename IN ('payments', 'submissions', 'events') AND indexname NOT LIKE '%\_pkey';
DO $$ DECLARE aside record; BEGIN
  FOR aside IN SELECT * FROM put_aside LOOP EXECUTE format('DROP INDEX %I', aside.indexname); END LOOP;
END $$;

CREATE TEMP TABLE seeded_billers AS
SELECT row_number() OVER (ORDER BY id) - 1 AS place, id FROM billers WHERE provider = 'almara';

-- `n`: which payment, 1 the oldest, two seconds before the next. `k`: which of its tenant, from 0. The ids are those
-- that plans.rs knows as well.
CREATE TEMP TABLE seeded AS
SELECT n, at, tenant, k, customer, seeded_billers.id AS biller, (1000000 + n % 500000)::text AS account,
       (lpad(to_hex(at / 1000), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid AS payment,
       (lpad(to_hex(at / 1000), 12, '0') || '70018000' || lpad(to_hex(n), 12, '0'))::uuid AS submission,
       CASE WHEN n / 5 % 20 = 9 THEN 'SCHEDULED' WHEN n / 5 % 200 = 7 THEN 'PENDING'
            WHEN n / 5 % 200 IN (11, 12) THEN 'FAILED' WHEN n / 5 % 20000 = 13 THEN 'NEEDS_REVIEW'
            ELSE 'SUCCEEDED' END AS status
FROM (SELECT n, (1740000000 + 2 * n)::bigint * 1000000 AS at, n / 1000 % (SELECT count(*) FROM seeded_billers) AS place,
             CASE WHEN n % 5 = 0 THEN 'acme' ELSE 'small-' || (n - n / 5) % 199 END AS tenant,
             CASE WHEN n % 5 = 0 THEN n / 5 - 1 ELSE (n - n / 5) / 199 END AS k,
             CASE WHEN n % 2 = 0 THEN 'customer-' || n % 5000 END AS customer
      FROM generate_series(1, 1000000) AS n) AS numbered
JOIN seeded_billers USING (place)
ORDER BY n;

INSERT INTO submissions (id, tenant_id, provider, subject, provider_key, key_first_used_at, provider_reference,
  next_action_at, fence, attempt_count, submits, last_submit_at, look_ups, look_up_requests, look_up_requests_met, run_at,
  not_after, review_at, fault_count)
SELECT submission, tenant, 'almara', 'PAYMENTS', 'seeded-' || n, at, 'theirs-' || n,
  CASE WHEN status IN ('SCHEDULED', 'PENDING') THEN 4000000000000000 + n END, 1, 1, 1, at, 0, 0, 0, at,
  at + 86400000000, at + 86400000000, 0
FROM seeded;

INSERT INTO payments (id, tenant_id, customer, idempotency_key, request_hash, submission_id, provider, biller_id,
  account_reference, bill_number_id, bill_ref, amount_minor, currency, status, version, review_reason, review_since,
  payer_name, payer_phone, delivery_speed, process_date, save_bill_number, callback_url, our_reference,
  provider_reference, new_bill, created_by, created_at, updated_at)
SELECT payment, tenant, customer, 'key-' || n, 'seeded', submission, 'almara', biller, account,
  CASE WHEN n > 980000 THEN payment END, '', 1500, 'KES', status, 2,
  CASE WHEN status = 'NEEDS_REVIEW' THEN 'OVERDUE' END, CASE WHEN status = 'NEEDS_REVIEW' THEN at END,
  'Irina Muthoni', '+254710000000', 'STANDARD', '2025-02-20', false,
  CASE WHEN tenant = 'acme' AND n > 900000 THEN 'https://example.com/' || n END, 'seeded-' || n, 'theirs-' || n, false,
  'tester', at, at
FROM seeded;

-- Two events of each payment of the large tenant; of the others' the last one alone, which is enough of them.
INSERT INTO events (tenant_id, sequence, subject_kind, subject_id, subject_version, customer, status, kind, actor, at)
SELECT tenant, 2 * k + version, 'PAYMENT', payment, version, customer, CASE version WHEN 1 THEN 'READY' ELSE status END,
  CASE WHEN version = 1 OR status = 'SCHEDULED' THEN 'PAYMENT_CREATED' ELSE 'PAYMENT_' || status END, 'billpay', at
FROM seeded, generate_series(CASE tenant WHEN 'acme' THEN 1 ELSE 2 END, 2) AS version
ORDER BY n, version;

DO $$ DECLARE aside record; BEGIN
  FOR aside IN SELECT * FROM put_aside LOOP EXECUTE aside.indexdef; END LOOP;
END $$;

INSERT INTO event_heads (tenant_id, sequence)
SELECT tenant, 2 * max(k) + 2 FROM seeded GROUP BY tenant;

INSERT INTO bill_claims (tenant_id, biller_id, account_reference, bill_ref, payment_id)
SELECT tenant, biller, account, '', payment FROM seeded WHERE status IN ('SCHEDULED', 'PENDING', 'NEEDS_REVIEW')
ON CONFLICT DO NOTHING;

INSERT INTO attempts (submission_id, no, fence, kind, state, started_at, deadline, ended_at)
SELECT submission, 1, 1, 'SUBMIT', 'SUCCEEDED', at, at, at FROM seeded WHERE n > 900000;

INSERT INTO receipts (payment_id, tenant_id, number, issued_at, fields)
SELECT payment, tenant, 'seeded-' || n, at, '[]' FROM seeded WHERE n > 900000 AND status = 'SUCCEEDED';

INSERT INTO evidence (id, payment_id, attempt_no, source, verdict, outcome, actor, at)
SELECT payment, payment, 1, 'SUBMIT', 'SUCCEEDED', 'BECAME', 'billpay', at FROM seeded WHERE n > 900000;

INSERT INTO bills (id, tenant_id, biller_id, account_reference, provider_reference, amount_minor, amount_due_minor,
  amount_paid_minor, amount_scheduled_minor, currency, due_date, as_of)
SELECT payment, tenant, biller, account, '', 1500, 0, 1500, 0, 'KES', '2025-03-01', at FROM seeded WHERE n > 900000;

INSERT INTO allocations (payment_id, no, bill_id, bill_reference, amount_minor, currency)
SELECT payment, 1, payment, '', 1500, 'KES' FROM seeded WHERE n > 900000;

-- Due in years, so that nobody is reminded now.
INSERT INTO bill_numbers (id, tenant_id, biller_id, account_reference, due_date, verified, account_active,
  remind_due_date, saved_with_provider, version, created_at)
SELECT payment, tenant, biller, account, ('2096-01-01'::date + (n % 400)::integer)::text, true, true, n % 2 = 0, false,
  1, at
FROM seeded WHERE n > 900000;

-- 100,000 callbacks whose payments are known, and as many hints that match nothing as are kept.
INSERT INTO inbox (provider, dedupe, id, received_at, raw, verified, state, our_reference, provider_reference,
  tenant_id, payment_id)
SELECT 'almara', 'seeded-' || n, payment, at, '{}', false, 'MATCHED', 'seeded-' || n, 'theirs-' || n, tenant, payment
FROM seeded WHERE n > 900000;

INSERT INTO inbox (provider, dedupe, id, received_at, raw, verified, state, our_reference, provider_reference)
SELECT 'almara', 'stray-' || n, submission, at, '{}', false, 'UNMATCHED', 'nobody-' || n, 'nothing-' || n
FROM seeded WHERE n > 990000;

-- Ten endpoints of each small tenant, told everything, with the last 100,000 deliveries. Their secrets are never read.
INSERT INTO webhook_endpoints (id, tenant_id, kind, url, event_types, state, handled_through, secret, secret_since, fence,
  served_at, created_by, created_at, updated_at)
SELECT payment, tenant, 'TENANT', 'https://example.com/' || n, '', 'ACTIVE', sequence, '\x00', at, 0, at, 'tester', at, at
FROM seeded JOIN event_heads ON tenant_id = tenant WHERE k < 10 AND tenant <> 'acme';

INSERT INTO webhook_deliveries (id, endpoint_id, tenant_id, sequence, event_type, event_at, state, attempts, http_status,
  first_at, last_at)
SELECT s.payment, e.payment, s.tenant, 2 * s.k + 2, 'PAYMENT_SUCCEEDED', s.at, 'DELIVERED', 1, 200, s.at, s.at
FROM seeded s JOIN seeded e ON e.tenant = s.tenant AND e.k = 0 WHERE s.n > 900000 AND s.tenant <> 'acme';

-- The endpoint of the large tenant's callbacks, with those of its newest 20,000 payments. A tenth of them wait, and come
-- due in years. Its id is one that plans.rs knows as well: the test gives it a secret that can be read.
INSERT INTO webhook_endpoints (id, tenant_id, kind, event_types, state, handled_through, secret, secret_since, fence,
  served_at, created_by, created_at, updated_at)
SELECT payment, tenant, 'PAYMENT_CALLBACKS', '', 'ACTIVE', sequence, '\x00', at, 0, at, 'billpay', at, at
FROM seeded JOIN event_heads ON tenant_id = tenant WHERE tenant = 'acme' AND k = 0;

INSERT INTO webhook_deliveries (id, endpoint_id, tenant_id, sequence, event_type, event_at, payment_id, state, attempts,
  http_status, first_at, last_at, next_at)
SELECT CASE version WHEN 1 THEN s.payment ELSE s.submission END, e.payment, s.tenant, 2 * s.k + version,
  CASE version WHEN 1 THEN 'PAYMENT_CREATED' ELSE 'PAYMENT_SUCCEEDED' END, s.at, s.payment,
  CASE WHEN s.waits THEN 'WAITING' ELSE 'DELIVERED' END, 1, CASE WHEN s.waits THEN 503 ELSE 200 END, s.at, s.at,
  CASE WHEN s.waits THEN 4000000000000000 + s.n END
FROM (SELECT *, k % 10 = 0 AS waits FROM seeded WHERE tenant = 'acme' AND n > 900000) s
JOIN seeded e ON e.tenant = s.tenant AND e.k = 0, generate_series(1, 2) AS version;
