-- One payment of the open bill of a person that enrol.sql made.
\set i :i + 1
\set n :client_id * 4194304 + :i
\set citizen permute(:n, 1073741824, 7)
\set request permute(:n, 1073741824, 13)
SELECT pay(:request, :n, :citizen, 2, decode(repeat('5a', 24), 'hex'), decode(repeat('5a', 75), 'hex'), decode(repeat('5a', 55), 'hex'));
