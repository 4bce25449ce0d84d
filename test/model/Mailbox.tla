------------------------------ MODULE Mailbox ------------------------------
(***************************************************************************)
(* One key of an object: a mailbox whose slots are appended by compare and *)
(* set, one head, and the journals of the invocations in it, as far as the *)
(* queue depends on them. Replicas take several steps for what they do, go *)
(* on late, and die between any two; a source offers an invocation again   *)
(* until it is acknowledged.                                               *)
(*                                                                         *)
(* A replica's work on the key: read the head, redo the deliveries of the  *)
(* slot that is done, begin the next, run it, finish it, deliver it, again.*)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Invocations, Replicas,
    MaxDeaths,       \* how often a replica dies, in all
    MaxSlots,        \* redelivery may put an invocation into several slots
    Void,            \* TRUE: a slot whose invocation has an earlier one is passed over
    Conditional,     \* TRUE: the head moves only from the slot before
    Redo,            \* TRUE: whoever goes on redoes the deliveries of the slot that is done
    Watched,         \* TRUE: an accept is watched before it is acknowledged
    Patient          \* TRUE: a watch is spent only when nothing stands behind the slot that is done

VARIABLES
    slots,      \* the mailbox: a sequence of invocations
    done,       \* the head: how many slots are done
    applied,    \* the state: whose changes it holds, in order
    journal,    \* of each invocation: the slot in its `created` (0: none), whether it has an output
    delivered,  \* whose output its callers were told
    acked,      \* accepted for good
    watches,    \* the agenda: entries that name this key, by replica and what they were made for
    at,         \* where each replica stands
    deaths

vars == <<slots, done, applied, journal, delivered, acked, watches, at, deaths>>

None == "none"
Idle == [pc |-> "idle", inv |-> None, n |-> 0]

Init ==
    /\ slots = <<>> /\ done = 0 /\ applied = <<>>
    /\ journal = [i \in Invocations |-> [slot |-> 0, output |-> FALSE]]
    /\ delivered = {} /\ acked = {} /\ watches = {}
    /\ at = [r \in Replicas |-> Idle]
    /\ deaths = 0

Go(r, pc, i, n) == at' = [at EXCEPT ![r] = [pc |-> pc, inv |-> i, n |-> n]]
Is(r, pc) == at[r].pc = pc

-----------------------------------------------------------------------------
(* Accepting *)

\* A record or a request comes: again if nobody acknowledged it.
Offer(r) ==
    \E i \in Invocations \ acked :
        /\ Is(r, "idle")
        /\ Go(r, IF Watched THEN "watch" ELSE "look", i, 0)
        /\ UNCHANGED <<slots, done, applied, journal, delivered, acked, watches, deaths>>

Watch(r) ==
    /\ Is(r, "watch")
    /\ watches' = watches \cup {[by |-> r, inv |-> at[r].inv]}
    /\ Go(r, "look", at[r].inv, 0)
    /\ UNCHANGED <<slots, done, applied, journal, delivered, acked, deaths>>

\* It is there already when a `created` exists.
Look(r) ==
    /\ Is(r, "look")
    /\ Go(r, IF journal[at[r].inv].slot # 0 THEN "acknowledge" ELSE "append", at[r].inv, 0)
    /\ UNCHANGED <<slots, done, applied, journal, delivered, acked, watches, deaths>>

\* One write. Whoever is refused reads on and tries at the new end.
AppendSlot(r) ==
    /\ Is(r, "append") /\ Len(slots) < MaxSlots
    /\ slots' = Append(slots, at[r].inv)
    /\ Go(r, "acknowledge", at[r].inv, 0)
    /\ UNCHANGED <<done, applied, journal, delivered, acked, watches, deaths>>

Acknowledge(r) ==
    /\ Is(r, "acknowledge")
    /\ acked' = acked \cup {at[r].inv}
    /\ Go(r, "head", None, 0)
    /\ UNCHANGED <<slots, done, applied, journal, delivered, watches, deaths>>

-----------------------------------------------------------------------------
(* Working on the key *)

\* The agenda says that somebody must look: the owner of the entry, or whoever has taken its shard over.
Nudge(r) ==
    /\ Is(r, "idle") /\ watches # {}
    /\ Go(r, "head", None, 0)
    /\ UNCHANGED <<slots, done, applied, journal, delivered, acked, watches, deaths>>

ReadHead(r) ==
    /\ Is(r, "head")
    /\ Go(r, IF Redo /\ done > 0 THEN "redo" ELSE "next", None, done)
    /\ UNCHANGED <<slots, done, applied, journal, delivered, acked, watches, deaths>>

RedoDeliveries(r) ==
    /\ Is(r, "redo")
    /\ LET i == slots[at[r].n]
       IN delivered' = IF journal[i].output THEN delivered \cup {i} ELSE delivered
    /\ Go(r, "next", None, at[r].n)
    /\ UNCHANGED <<slots, done, applied, journal, acked, watches, deaths>>

\* A consistent read of the slot behind.
NextSlot(r) ==
    LET n == at[r].n + 1
    IN  /\ Is(r, "next")
        /\ IF n <= Len(slots) THEN Go(r, "begin", slots[n], n) ELSE Go(r, "rest", None, at[r].n)
        /\ UNCHANGED <<slots, done, applied, journal, delivered, acked, watches, deaths>>

\* Nothing is left to do. A watch is spent only for work that is not under way any more.
Rest(r) ==
    /\ Is(r, "rest")
    /\ \/ UNCHANGED watches
       \/ \E w \in watches :
            /\ ~\E o \in Replicas : at[o].inv = w.inv /\ at[o].pc \in {"watch", "look", "append", "acknowledge"}
            /\ Patient => done = at[r].n /\ Len(slots) = done
            /\ watches' = watches \ {w}
    /\ Go(r, "idle", None, 0)
    /\ UNCHANGED <<slots, done, applied, journal, delivered, acked, deaths>>

\* A careless replica spends a watch because it is not the turn of the invocation that the watch was made for.
Careless(r) ==
    /\ ~Patient /\ Is(r, "idle")
    /\ \E w \in watches :
        /\ ~\E o \in Replicas : at[o].inv = w.inv /\ at[o].pc \in {"watch", "look", "append", "acknowledge"}
        /\ \E n \in 1..Len(slots) : slots[n] = w.inv /\ n > done + 1
        /\ watches' = watches \ {w}
    /\ UNCHANGED <<slots, done, applied, journal, delivered, acked, at, deaths>>

\* [created {slot}] by compare and set: the first slot that gets here is the invocation's.
Begin(r) ==
    LET i == at[r].inv
        n == at[r].n
    IN  /\ Is(r, "begin")
        /\ journal' = [journal EXCEPT ![i].slot = IF @ = 0 THEN n ELSE @]
        /\ Go(r, IF journal'[i].slot = n \/ ~Void THEN "run" ELSE "void", i, n)
        /\ UNCHANGED <<slots, done, applied, delivered, acked, watches, deaths>>

RunIt(r) ==
    /\ Is(r, "run")
    /\ journal' = [journal EXCEPT ![at[r].inv].output = TRUE]
    /\ Go(r, "finish", at[r].inv, at[r].n)
    /\ UNCHANGED <<slots, done, applied, delivered, acked, watches, deaths>>

\* One conditional update of the head: the state changes together with `done`.
Finish(r) ==
    /\ Is(r, "finish")
    /\ IF done = at[r].n - 1 \/ ~Conditional
       THEN done' = at[r].n /\ applied' = Append(applied, at[r].inv)
       ELSE UNCHANGED <<done, applied>>
    /\ Go(r, "deliver", at[r].inv, at[r].n)
    /\ UNCHANGED <<slots, journal, delivered, acked, watches, deaths>>

PassOver(r) ==
    /\ Is(r, "void")
    /\ done' = IF done = at[r].n - 1 THEN at[r].n ELSE done
    /\ Go(r, "head", None, 0)
    /\ UNCHANGED <<slots, applied, journal, delivered, acked, watches, deaths>>

Deliver(r) ==
    /\ Is(r, "deliver")
    /\ delivered' = delivered \cup {at[r].inv}
    /\ Go(r, "head", None, 0)
    /\ UNCHANGED <<slots, done, applied, journal, acked, watches, deaths>>

Die(r) ==
    /\ deaths < MaxDeaths /\ ~Is(r, "idle")
    /\ deaths' = deaths + 1
    /\ at' = [at EXCEPT ![r] = Idle]
    /\ UNCHANGED <<slots, done, applied, journal, delivered, acked, watches>>

Step(r) ==
    \/ Watch(r) \/ Look(r) \/ AppendSlot(r) \/ Acknowledge(r)
    \/ ReadHead(r) \/ RedoDeliveries(r) \/ NextSlot(r) \/ Rest(r)
    \/ Begin(r) \/ RunIt(r) \/ Finish(r) \/ PassOver(r) \/ Deliver(r)

Next == \E r \in Replicas : Offer(r) \/ Nudge(r) \/ Careless(r) \/ Step(r) \/ Die(r)

Spec ==
    /\ Init /\ [][Next]_vars
    /\ \A r \in Replicas : WF_vars(Step(r)) /\ WF_vars(Nudge(r))

-----------------------------------------------------------------------------
RECURSIVE FirstSlot(_, _)
FirstSlot(i, n) == IF n > Len(slots) THEN 0 ELSE IF slots[n] = i THEN n ELSE FirstSlot(i, n + 1)

\* INV-6: in mailbox order, and none twice.
AppliedInOrder ==
    \A a, b \in 1..Len(applied) :
        a < b => FirstSlot(applied[a], 1) < FirstSlot(applied[b], 1)

\* INV-7: the state holds the changes of what has finished, and of nothing else.
AppliedHasOutput == \A a \in 1..Len(applied) : journal[applied[a]].output

\* INV-7: whoever's slot is done has left his changes.
DoneIsApplied ==
    \A i \in Invocations :
        (journal[i].slot # 0 /\ journal[i].slot <= done) =>
            \E a \in 1..Len(applied) : applied[a] = i

\* INV-6: nobody runs before all slots ahead of his are done.
RunsInTurn == \A i \in Invocations : journal[i].output => journal[i].slot <= done + 1

\* What was accepted is in the mailbox.
AckedIsThere == \A i \in acked : FirstSlot(i, 1) # 0

\* INV-5, INV-10: what was accepted ends, and its callers hear of it, whoever died.
AllEnds == \A i \in Invocations : [](i \in acked => <>(i \in delivered))
=============================================================================
