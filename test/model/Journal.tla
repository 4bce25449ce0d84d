------------------------------ MODULE Journal ------------------------------
(***************************************************************************)
(* One invocation: a journal with compare-and-set append, attempts that    *)
(* fence one another, and function processes that may be slow, dead, late  *)
(* or there twice. The handler does Steps steps, one after the other; a    *)
(* step's result tells which process executed it, so two executions of one *)
(* step never have the same result.                                        *)
(*                                                                         *)
(* An orchestrator loads, decides and appends at the end, or is refused    *)
(* and starts over: that is one atomic action here. A function process     *)
(* keeps a view of the journal that may be old; it appends only where its  *)
(* view ends.                                                              *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Steps,       \* how many steps the handler has
    MaxEpoch,    \* how many attempts there may be
    Writers,     \* function processes
    Gate,        \* TRUE: a step starts only when all results before it are durable
    Fence,       \* TRUE: whoever folds passes over what its epoch does not allow
    Bind         \* TRUE: an epoch belongs to the first process that appends in it

VARIABLES
    log,         \* the journal: a sequence of entries
    fn,          \* the function processes
    effects      \* what steps did to the world: which step, having seen which results

vars == <<log, fn, effects>>

Attempt(e)       == [kind |-> "attempt", epoch |-> e, writer |-> 0, results |-> <<>>]
Failed(e)        == [kind |-> "failed",  epoch |-> e, writer |-> 0, results |-> <<>>]
Run(e, w, r)     == [kind |-> "run",     epoch |-> e, writer |-> w, results |-> r]
Output(e, w, r)  == [kind |-> "output",  epoch |-> e, writer |-> w, results |-> r]

(***************************************************************************)
(* The fold: what a journal says. `from` of an entry is the number of      *)
(* results before it, as its writer knows them.                            *)
(***************************************************************************)
Empty == [phase |-> "queued", epoch |-> 0, writer |-> 0, results |-> <<>>, output |-> <<>>]

Admits(s, entry) ==
    /\ s.phase = "running" \/ ~Fence
    /\ s.epoch = entry.epoch \/ ~Fence
    /\ s.writer \in {0, entry.writer} \/ ~Bind

Apply(s, entry) ==
    IF s.phase = "closed" THEN s
    ELSE CASE entry.kind = "attempt" ->
                [s EXCEPT !.phase = "running", !.epoch = entry.epoch, !.writer = 0]
           [] entry.kind = "failed" ->
                IF s.phase = "running" /\ s.epoch = entry.epoch
                THEN [s EXCEPT !.phase = "waiting"] ELSE s
           [] entry.kind = "run" ->
                IF Admits(s, entry)
                THEN [s EXCEPT !.writer = entry.writer, !.results = @ \o entry.results] ELSE s
           [] entry.kind = "output" ->
                IF Admits(s, entry)
                THEN [s EXCEPT !.phase = "closed", !.results = @ \o entry.results,
                               !.output = s.results \o entry.results]
                ELSE s

RECURSIVE Fold(_)
Fold(l) == IF l = <<>> THEN Empty ELSE Apply(Fold(SubSeq(l, 1, Len(l) - 1)), l[Len(l)])

State == Fold(log)

Idle == [is |-> "idle", epoch |-> 0, view |-> 0, held |-> <<>>, durable |-> 0, doing |-> FALSE]

Init ==
    /\ log = <<>>
    /\ fn = [w \in Writers |-> Idle]
    /\ effects = {}

-----------------------------------------------------------------------------
(* Orchestrators *)

\* The next attempt: at the start, after a failure, or because the present one is taken for dead, rightly or not.
Begin ==
    /\ State.phase # "closed"
    /\ State.epoch < MaxEpoch
    /\ log' = Append(log, Attempt(State.epoch + 1))
    /\ UNCHANGED <<fn, effects>>

\* The attempt timed out, or its connection broke. Its process may live on.
GiveUp ==
    /\ State.phase = "running"
    /\ log' = Append(log, Failed(State.epoch))
    /\ UNCHANGED <<fn, effects>>

\* A reply is stored only if it continues exactly what the journal holds of its process.
Reply(w) ==
    LET s == State
        f == fn[w]
        rest == SubSeq(f.held, f.durable + 1, Len(f.held))
        fits == s.phase = "running" /\ s.epoch = f.epoch /\ s.writer \in {0, w}
                /\ Len(s.results) = f.durable
    IN  /\ f.is = "running" /\ ~f.doing /\ Len(f.held) = Steps
        /\ fits \/ ~Fence
        /\ log' = Append(log, Output(f.epoch, w, rest))
        /\ fn' = [fn EXCEPT ![w].is = "over"]
        /\ UNCHANGED effects

-----------------------------------------------------------------------------
(* Function processes *)

\* The request arrives: in time or late, once or twice.
Start(w) ==
    \E n \in 1..Len(log) :
        /\ fn[w].is = "idle"
        /\ log[n].kind = "attempt"
        /\ LET known == Fold(SubSeq(log, 1, n)).results
           IN fn' = [fn EXCEPT ![w] = [is |-> "running", epoch |-> log[n].epoch, view |-> n,
                                       held |-> known, durable |-> Len(known), doing |-> FALSE]]
        /\ UNCHANGED <<log, effects>>

\* A step starts and does what it does to the world, knowing the results that were handed out before (INV-3).
Execute(w) ==
    LET f == fn[w]
    IN  /\ f.is = "running" /\ ~f.doing /\ Len(f.held) < Steps
        /\ f.durable = Len(f.held) \/ ~Gate
        /\ fn' = [fn EXCEPT ![w].doing = TRUE]
        /\ effects' = effects \cup {[step |-> Len(f.held) + 1, saw |-> f.held]}
        /\ UNCHANGED log

\* Its result is handed to the handler.
HandOut(w) ==
    /\ fn[w].is = "running" /\ fn[w].doing
    /\ fn' = [fn EXCEPT ![w].doing = FALSE, ![w].held = Append(@, w)]
    /\ UNCHANGED <<log, effects>>

\* What is not durable is appended where the view ends; if something stands there, it is read first.
AppendRun(w) ==
    LET f == fn[w]
        s == State
        isFenced == s.phase # "running" \/ s.epoch # f.epoch \/ s.writer \notin {0, w}
    IN  /\ f.is = "running" /\ f.durable < Len(f.held)
        /\ IF f.view = Len(log)
           THEN /\ log' = Append(log, Run(f.epoch, w, SubSeq(f.held, f.durable + 1, Len(f.held))))
                /\ fn' = [fn EXCEPT ![w].view = @ + 1, ![w].durable = Len(f.held)]
           ELSE /\ fn' = [fn EXCEPT ![w].view = Len(log),
                                    ![w].is = IF isFenced /\ Fence /\ Bind THEN "over" ELSE @]
                /\ UNCHANGED log
        /\ UNCHANGED effects

Die(w) ==
    /\ fn[w].is = "running"
    /\ fn' = [fn EXCEPT ![w].is = "over"]
    /\ UNCHANGED <<log, effects>>

Next ==
    \/ Begin \/ GiveUp
    \/ \E w \in Writers : Reply(w) \/ Start(w) \/ Execute(w) \/ HandOut(w) \/ AppendRun(w) \/ Die(w)

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
IsPrefix(a, b) == Len(a) <= Len(b) /\ SubSeq(b, 1, Len(a)) = a

\* INV-3, INV-4: what a step saw when it touched the world is what the journal says, now and for ever.
EffectsFollowTheJournal == \A e \in effects : IsPrefix(e.saw, State.results)

\* The journal never says that a handler did more than it does.
NoStepTwice == Len(State.results) <= Steps

\* INV-12 as a state: an output is the results of all steps.
OutputIsWhole == State.phase = "closed" => State.output = State.results /\ Len(State.output) = Steps

\* INV-1: what is written stays.
OnlyAppended == [][IsPrefix(log, log')]_log

\* INV-12: a closed invocation's output never changes. INV-2, INV-4: results never change either.
ResultsStay ==
    [][ /\ IsPrefix(Fold(log).results, Fold(log').results)
        /\ Fold(log).phase = "closed" => Fold(log').output = Fold(log).output ]_log

Bound == Len(log) <= 2 * MaxEpoch + Steps + 1
=============================================================================
