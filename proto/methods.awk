# Lists the rpc methods of the .proto files as rows for common/service/api.c:
#   API_METHOD(service, method_index, method, is_read)
# protoc-c's descriptors know everything but the idempotency level, which is why this reads the text.
/^service [A-Za-z]+ \{/ { service = $2; n = 0 }
service != "" && /^  rpc [A-Za-z]+\(/ {
  split($2, parts, "(")
  rows[++count] = service "," n++ "," parts[1]
}
/option idempotency_level = NO_SIDE_EFFECTS;/ { is_read[count] = 1 }
/^}/ { service = "" }
END {
  for (i = 1; i <= count; i++) {
    split(rows[i], row, ",")
    printf "API_METHOD(%s, %s, %d, \"%s\", %d)\n", row[1], tolower(row[1]), row[2], row[3], is_read[i] + 0
  }
}
