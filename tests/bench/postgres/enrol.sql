-- One enrolment of a person who was not there; as many bytes as ansinh writes. Each client counts for
-- itself (-D i=0).
\set i :i + 1
\set n :client_id * 4194304 + :i
\set citizen permute(:n, 1073741824, 7)
\set request permute(:n, 1073741824, 11)
SELECT enrol(:request, :n, :citizen, decode(repeat('5a', 22), 'hex'), decode(repeat('5a', 157), 'hex'), decode(repeat('5a', 52), 'hex'), decode(repeat('5a', 40), 'hex'));
