# grpc.health.v1.Health over HTTP/2 without TLS, as much of it as a probe needs: every call is taken for a Check.
package GrpcHealth;
use strict;
use warnings;

my $PREFACE = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
my ($DATA, $HEADERS, $SETTINGS, $PING) = (0, 1, 4, 6);
my ($ACK, $END_STREAM, $END_HEADERS) = (1, 1, 4);
# A header by a name of its own, and not to be remembered; both texts are short and not compressed.
sub literal { my ($name, $value) = @_; return pack("C C/a* C/a*", 0, $name, $value) }
# 8 in HPACK's table is ":status: 200", 31 is the name content-type.
my $ANSWERED = "\x88" . "\x0f\x10" . pack("C/a*", "application/grpc");

sub frame {
    my ($type, $flags, $stream, $payload) = @_;
    my $length = length $payload;
    return pack("C n C C N", $length >> 16, $length & 0xffff, $type, $flags, $stream) . $payload;
}

# The one string of a framed HealthCheckRequest; an empty one is not sent.
sub service_of {
    my ($message) = @_;
    return length($message) > 5 ? unpack("x5 x C/a*", $message) : "";
}

# SERVING is 1, NOT_SERVING 2; no status at all: there is no such service.
sub answer {
    my ($stream, $status) = @_;
    return frame($HEADERS, $END_HEADERS | $END_STREAM, $stream,
        $ANSWERED . literal("grpc-status", 5) . literal("grpc-message", "unknown service")) unless defined $status;
    return frame($HEADERS, $END_HEADERS, $stream, $ANSWERED)
        . frame($DATA, 0, $stream, pack("C N C C", 0, 2, 8, $status))
        . frame($HEADERS, $END_HEADERS | $END_STREAM, $stream, literal("grpc-status", 0));
}

sub session { return { greeted => 0, calls => {} } }

# Takes whole frames off what has come in, and returns what is to be sent; undef when the client speaks no HTTP/2.
# `status_of` has the status of a service by name.
sub take {
    my ($session, $in, $status_of) = @_;
    my $out = "";
    if (!$session->{greeted}) {
        return "" if length($$in) < length $PREFACE;
        return undef if substr($$in, 0, length $PREFACE, "") ne $PREFACE;
        $session->{greeted} = 1;
        $out .= frame($SETTINGS, 0, 0, "");
    }
    while (length($$in) >= 9) {
        my ($high, $low, $type, $flags, $stream) = unpack("C n C C N", $$in);
        my $length = ($high << 16) + $low;
        last if length($$in) < 9 + $length;
        my $payload = substr(substr($$in, 0, 9 + $length, ""), 9);
        $out .= frame($type, $ACK, 0, $payload x ($type == $PING))
            if ($type == $SETTINGS || $type == $PING) && !($flags & $ACK);
        next if $type != $DATA && $type != $HEADERS;
        $session->{calls}{$stream} .= $type == $DATA ? $payload : "";
        $out .= answer($stream, $status_of->(service_of(delete $session->{calls}{$stream}))) if $flags & $END_STREAM;
    }
    return $out;
}

1;
