# Checks who may include what (docs/architecture, "Layers"): awk -f include-rules.awk FILE...
#
# may[] lists, for files whose path starts with a key, what their includes may start with; the longest
# key that fits decides. Headers of libraries have one owner each (owner[]). C and POSIX headers are
# free for all.

function layer(path, allowed) {
    may[path] = allowed
}

BEGIN {
    base = "common/base/"
    domain = base " common/domain/"
    layer("common/base/", base)
    layer("common/loop/", base " common/loop/")
    layer("common/bus/", base " common/loop/ common/bus/ ansinh/v1/bus.pb-c.h")
    layer("common/store/", base " common/loop/ common/store/ functions/")
    layer("common/archive/", base " common/archive/ common/store/")
    layer("common/sign/", base " common/sign/")
    layer("common/domain/", domain)
    layer("common/settle/", domain " common/settle/")
    layer("common/json/", base " common/json/")
    layer("common/service/", "common/ ansinh/v1/ api_methods.inc")
    layer("services/", "common/ ansinh/v1/ OWN")
    layer("tests/", "common/ services/ tests/ ansinh/v1/ functions/")
    # The parts of a service (X stands for its name).
    part["main.c"] = "common/service/service.h OWN"
    part["_rules.c"] = part["_rules.h"] = domain " OWN"
    part["_store.c"] = part["_store.h"] = base " common/domain/ common/store/ common/service/service.h ansinh/v1/identity.pb-c.h OWN"

    owner["zmq.h"] = "common/bus/ common/loop/ tests/"
    owner["zstd.h"] = "common/archive/ tests/"
    owner["hiredis/"] = "common/store/ tests/"
    owner["microhttpd.h"] = "services/gateway/ services/cli/sandbox"
    owner["jansson.h"] = "common/json/ common/settle/report_json common/service/policy services/gateway/ services/cli/ tests/"
    owner["gmp.h"] = "common/domain/lump_sum tests/unit/test_lump_sum tests/support/quote_oracle"
    owner["curl/"] = "services/notifications/ services/cli/ tests/"
    owner["csv.h"] = "common/settle/eod_read services/cli/ tests/"
    owner["libxml/"] = "common/settle/camt_read tests/"
    owner["protobuf-c/"] = "common/json/ common/bus/ common/service/ services/ tests/"
    owner["cmocka.h"] = "tests/support/"
}

function starts_with_any(text, list,    n, i, word) {
    n = split(list, word, " ")
    for (i = 1; i <= n; i++)
        if (index(text, word[i]) == 1)
            return 1
    return 0
}

# What the file may include: its part of a service, else its layer.
function allowed_in(file,    key, best, allowed, own) {
    for (key in may)
        if (index(file, key) == 1 && length(key) > length(best))
            best = key
    allowed = best == "" ? "" : may[best]
    if (match(file, /^services\/[^\/]+\//)) {
        own = substr(file, 1, RLENGTH)
        for (key in part)
            if (substr(file, length(file) - length(key) + 1) == key)
                allowed = part[key]
        sub(/OWN/, own, allowed)
    }
    return allowed
}

function complain(why) {
    printf "%s:%d: %s\n", FILENAME, FNR, why
    n_wrong++
}

FNR == 1 {
    allowed = allowed_in(FILENAME)
    folder = FILENAME
    sub(/[^\/]*$/, "", folder)
}

/^[ \t]*#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    name = quoted[2]
    if (name !~ /\// && name !~ /\.inc$/)
        complain("\"" name "\": includes are written from the top of the tree")
    else if (!starts_with_any(name, allowed))
        complain("must not include \"" name "\" (may: " allowed ")")
}

/^[ \t]*#[ \t]*include[ \t]*</ {
    name = $0
    sub(/^[^<]*</, "", name)
    sub(/>.*/, "", name)
    for (library in owner)
        if (index(name, library) == 1 && !starts_with_any(FILENAME, owner[library]))
            complain("must not include <" name "> (only: " owner[library] ")")
}

END {
    exit n_wrong > 0
}
