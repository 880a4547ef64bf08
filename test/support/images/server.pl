#!/usr/bin/perl
# The test server: one process, one loop, no threads; it starts in milliseconds and does what a test asks of it.
# server [--http PORT] [--udp PORT] [--grpc PORT] [--start-delay SECONDS] [--drain SECONDS] [--ignore-term] [--name TEXT]
# server exit CODE | leak [MB] | log LINES [BYTES] | hang
# server get [--times N] [--timeout SECONDS] [--port OWN_PORT] URL...
use strict;
use warnings;
use IO::Socket::INET;
use IO::Select;
use POSIX ();
use Socket;

$| = 1;
# The smallest Perl has no finer clock than the kernel's ticks: seconds, to a hundredth.
my $ticks = POSIX::sysconf(&POSIX::_SC_CLK_TCK);
sub seconds { return (POSIX::times())[0] / $ticks }
sub rest { select(undef, undef, undef, $_[0]); return }

my $version = $ENV{TEST_SERVER_VERSION} // "0";
my $began   = seconds();
my @hog;

sub hostname { my $name = (POSIX::uname())[1]; return $name }
sub say_line { print STDOUT "@_\n" }

sub leak {
    my ($mb) = @_;
    for (1 .. $mb) { push @hog, "x" x (1 << 20); }
}

sub write_log {
    my ($lines, $bytes) = @_;
    for my $n (1 .. $lines) {
        my $line = "line $n ";
        $line .= "x" x ($bytes - length($line)) if $bytes > length($line);
        print STDOUT "$line\n";
    }
}

my $command = @ARGV && $ARGV[0] !~ /^--/ ? shift @ARGV : "serve";
if ($command eq "exit") { say_line("exiting with $ARGV[0]"); exit $ARGV[0]; }
if ($command eq "log") { write_log($ARGV[0] // 1, $ARGV[1] // 0); exit 0; }
if ($command eq "leak") { my $step = $ARGV[0] // 1; while (1) { leak($step); rest(0.001); } }
if ($command eq "hang") { $SIG{TERM} = "IGNORE"; say_line("ignoring SIGTERM"); while (1) { rest(3600); } }

# What came back for each URL, a line each: http://web:80/hostname, or udp://web:80/TEXT which sends that text.
# Every request has a connection of its own. A line that begins with "! " says what came instead of an answer.
sub get {
    my ($url, $timeout, $port) = @_;
    my ($scheme, $host, $service, $path) = $url =~ m{^(http|udp)://([^/:]+)(?::(\d+))?(?:/(.*))?$}
        or die "server: what is $url?\n";
    $path //= "";
    my $socket = IO::Socket::INET->new(
        PeerHost => $host, PeerPort => $service // 80, Proto => $scheme eq "udp" ? "udp" : "tcp",
        Timeout => $timeout, $port ? (LocalPort => $port, ReuseAddr => 1) : ()
    ) or return "! " . ($@ =~ /: (.*)$/ ? $1 : $@);
    my $select = IO::Select->new($socket);
    syswrite($socket, $scheme eq "udp" ? $path : "GET /$path HTTP/1.0\r\nHost: $host\r\n\r\n");
    my $got = "";
    while ($select->can_read($timeout)) {
        my $read = sysread($socket, $got, 65536, length $got);
        return "! $!" unless defined $read;
        return $got if $scheme eq "udp";
        next if $read;
        my ($status, $body) = $got =~ m{^HTTP/1\.\d (\d+ [^\r]*)\r\n.*?\r\n\r\n(.*)$}s or return "! $got";
        return $status =~ /^200 / ? $body : "! $status: " . join(" ", split /\s+/, $body);
    }
    return "! no answer";
}
if ($command eq "get") {
    my %how = (times => 1, timeout => 3, port => 0);
    while (@ARGV && $ARGV[0] =~ /^--([a-z]+)$/) { shift @ARGV; $how{$1} = shift @ARGV; }
    for (1 .. $how{times}) { say_line(get($_, $how{timeout}, $how{port})) for @ARGV; }
    exit 0;
}

my %option = (http => 8080, udp => 0, grpc => 0, "start-delay" => 0, drain => 0, "ignore-term" => 0, name => hostname());
while (defined(my $arg = shift @ARGV)) {
    my ($key, $value) = $arg =~ /^--([a-z-]+)(?:=(.*))?$/ or die "server: what is $arg?\n";
    exists $option{$key} or die "server: what is $arg?\n";
    $option{$key} = $key eq "ignore-term" ? 1 : $value // shift @ARGV;
}

my ($ready, $live, $draining_until) = (1, 1, undef);
my $stopping = 0;
$SIG{PIPE} = "IGNORE";
$SIG{CHLD} = "IGNORE";
$SIG{TERM} = $SIG{INT} = sub {
    say_line("received SIG$_[0]");
    return if $option{"ignore-term"};
    $draining_until //= seconds() + $option{drain};
};

sub listen_on {
    my ($port) = @_;
    return IO::Socket::INET->new(LocalPort => $port, Listen => 511, ReuseAddr => 1, Blocking => 0)
        || die "server: port $port: $!\n";
}

rest($option{"start-delay"}) if $option{"start-delay"};
my $listener = listen_on($option{http});
my ($grpc, $udp);
if ($option{grpc}) { require "/usr/lib/test-server/grpc-health.pl"; $grpc = listen_on($option{grpc}); }
if ($option{udp}) {
    $udp = IO::Socket::INET->new(LocalPort => $option{udp}, Proto => "udp", Blocking => 0)
        or die "server: udp port $option{udp}: $!\n";
}
my $select = IO::Select->new(grep { $_ } $listener, $grpc, $udp);
my %in;       # what a connection has sent that is not answered yet
my %session;  # of the connections that speak gRPC
my @later;    # [when, socket, answer]: slow answers
say_line("serving on $option{http} as $option{name}");

sub decode { my ($text) = @_; $text =~ tr/+/ /; $text =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge; return $text }

sub forget { my ($socket) = @_; $select->remove($socket); delete $in{$socket}; delete $session{$socket}; close $socket; }

sub send_all {
    my ($socket, $text) = @_;
    $socket->blocking(1);
    my $done = syswrite($socket, $text);
    $socket->blocking(0);
    return defined $done;
}

# Resolves a request to (status, body, seconds to wait, what to do once it was sent).
sub answer {
    my ($socket, $path, $query, $head, $body) = @_;
    my %q = map { my ($k, $v) = split /=/, $_, 2; (decode($k), decode($v // "")) } split /&/, $query;
    return (200, $option{name}) if $path eq "/" || $path eq "/hostname";
    return (200, $version) if $path eq "/version";
    return (200, $q{msg} // $body) if $path eq "/echo";
    return (200, $head) if $path eq "/header";
    return (200, $$) if $path eq "/pid";
    return (200, join "", map { "$_=$ENV{$_}\n" } sort keys %ENV) if $path eq "/env";
    return (200, $socket->peerhost . ":" . $socket->peerport) if $path eq "/clientip";
    return (200, sprintf "%.3f", seconds() - $began) if $path eq "/uptime";
    return $live ? (200, "ok") : (500, "not live") if $path eq "/healthz";
    return $ready && !defined $draining_until ? (200, "ok") : (503, "not ready") if $path eq "/readyz";
    if ($path eq "/set") {
        $ready = $q{ready} if defined $q{ready};
        $live  = $q{live}  if defined $q{live};
        return (200, "ready=$ready live=$live");
    }
    return (200, scalar @later) if $path eq "/waiting";
    return (200, "slow", ($q{ms} // 1000) / 1000) if $path eq "/slow";
    return ($q{code} // 500, "status") if $path eq "/status";
    return (200, "x" x ($q{bytes} // 1024)) if $path eq "/bytes";
    if ($path eq "/log") { write_log($q{lines} // 1, $q{bytes} // 0); return (200, "logged"); }
    if ($path eq "/leak") { leak($q{mb} // 1); return (200, scalar(@hog) . " MB"); }
    return (200, "exiting", 0, sub { exit($q{code} // 0) }) if $path eq "/exit";
    return (200, "killing", 0, sub { kill $q{signal} // "KILL", $$ }) if $path eq "/kill";
    if ($path eq "/file") {
        open(my $file, "<", $q{path}) or return (404, "$q{path}: $!");
        local $/;
        return (200, scalar <$file>);
    }
    return (404, "not found");
}

my %REASON = (200 => "OK", 404 => "Not Found", 500 => "Internal Server Error", 503 => "Service Unavailable");

sub respond {
    my ($socket, $status, $body, $keep, $after) = @_;
    my $connection = $keep && !defined $draining_until ? "keep-alive" : "close";
    my $reason = $REASON{$status} // "Status";
    my $ok = send_all($socket, "HTTP/1.1 $status $reason\r\nContent-Type: text/plain\r\nX-Served-By: $option{name}\r\n"
        . "Content-Length: " . length($body) . "\r\nConnection: $connection\r\n\r\n$body");
    $after->() if $after;
    forget($socket) unless $ok && $connection eq "keep-alive";
}

sub take_requests {
    my ($socket) = @_;
    while (defined $in{$socket} && $in{$socket} =~ /^(.*?)\r\n\r\n/s) {
        my $head = $1;
        my $length = $head =~ /^content-length:\s*(\d+)/mi ? $1 : 0;
        my $start = length($head) + 4;
        last if length($in{$socket}) < $start + $length;
        my $body = substr($in{$socket}, $start, $length);
        substr($in{$socket}, 0, $start + $length) = "";
        my ($method, $target, $protocol) = $head =~ m{^(\S+) (\S+) (HTTP/1\.[01])} or return forget($socket);
        my ($path, $query) = split /\?/, $target, 2;
        my $keep = $protocol eq "HTTP/1.1" && $head !~ /^connection:\s*close/mi;
        my ($status, $text, $wait, $after) = answer($socket, $path, $query // "", $head, $body);
        if ($wait) { push @later, [seconds() + $wait, $socket, $status, $text, $keep]; }
        else { respond($socket, $status, $text, $keep, $after); }
    }
}

# A Check without a service tells of the process, "ready" whether it takes requests.
sub health_of {
    my ($service) = @_;
    return $live ? 1 : 2 if $service eq "";
    return $ready && !defined $draining_until ? 1 : 2 if $service eq "ready";
    return undef;
}

sub take_calls {
    my ($socket) = @_;
    my $answer = GrpcHealth::take($session{$socket}, \$in{$socket}, \&health_of);
    forget($socket) unless defined $answer && ($answer eq "" || send_all($socket, $answer));
}

sub greet {
    my ($client) = @_;
    $client->blocking(0);
    $in{$client} = "";
    $select->add($client);
}

while (1) {
    if (defined $draining_until && seconds() >= $draining_until) {
        # From here on nothing new is taken; clients that have sent a request still get the answer.
        if (!$stopping) { $stopping = 1; $select->remove($listener); close $listener; }
        last unless @later || grep { length } values %in;
    }
    my $wait = defined $draining_until ? 0.02 : 1;
    for my $due (@later) { my $left = $due->[0] - seconds(); $wait = $left < 0 ? 0 : $left if $left < $wait; }
    for my $socket ($select->can_read($wait)) {
        if (!$stopping && $socket == $listener) {
            while (my $client = $listener->accept) { greet($client); }
        } elsif ($grpc && $socket == $grpc) {
            while (my $client = $grpc->accept) { greet($client); $session{$client} = GrpcHealth::session(); }
        } elsif ($udp && $socket == $udp) {
            my $from = $udp->recv(my $text, 65507) or next;
            my ($port, $ip) = sockaddr_in($from);
            chomp $text;
            my $answer = $text =~ /^echo (.*)/s ? $1 : $text eq "clientip" ? inet_ntoa($ip) . ":$port" : $option{name};
            $udp->send($answer, 0, $from);
        } else {
            my $got = sysread($socket, $in{$socket}, 65536, length $in{$socket});
            if (!$got) { forget($socket); }
            elsif ($session{$socket}) { take_calls($socket); }
            else { take_requests($socket); }
        }
    }
    my $now = seconds();
    my @due = grep { $_->[0] <= $now } @later;
    @later = grep { $_->[0] > $now } @later;
    respond(@$_[1 .. 4]) for @due;
}
say_line("drained");
exit 0;
