import type { EngineOptions } from '@fermata/orchestrator/engine/engine'
import type { Chance } from './chance.ts'
import type { FaultPlaces, FaultRates } from './fault-kinds.ts'
import { backers } from './stories/backers.ts'
import { bosses } from './stories/bosses.ts'
import { clocks } from './stories/clocks.ts'
import { crowds } from './stories/crowds.ts'
import { dares } from './stories/dares.ts'
import { desks, manyDesks } from './stories/desks.ts'
import { errands, slowErrands } from './stories/errands.ts'
import { gathers } from './stories/gathers.ts'
import { hibernators } from './stories/hibernators.ts'
import { hoarders } from './stories/hoarders.ts'
import { holders } from './stories/holders.ts'
import { latecomers } from './stories/latecomers.ts'
import { ledgers } from './stories/ledgers.ts'
import { messengers } from './stories/messengers.ts'
import { manyOnces, onces } from './stories/onces.ts'
import { pledges } from './stories/pledges.ts'
import { postmen } from './stories/postmen.ts'
import { programs } from './stories/programs.ts'
import { purgers } from './stories/purgers.ts'
import { redos } from './stories/redos.ts'
import { shies } from './stories/shies.ts'
import { shoppers } from './stories/shoppers.ts'
import { slates } from './stories/slates.ts'
import { sleepers } from './stories/sleepers.ts'
import { marches, slogs } from './stories/slogs.ts'
import { tills } from './stories/tills.ts'
import { weaves } from './stories/weaves.ts'
import type { Story } from './story.ts'

export type Teller = (chance: Chance, mostMs: number) => Story

/** Stories and faults that go together: what they are made for would hardly ever come together by chance. */
export type Scene = {
  readonly name: string
  readonly tellers: readonly Teller[]
  /** How likely what is, and nothing else goes wrong. */
  readonly rates: FaultRates
  readonly places?: FaultPlaces
  /** The longest that a store takes, and that a replica stands still. */
  readonly slowMs?: number
  readonly stallMs?: number
  readonly replicas?: number
  /** How many attempts a replica may run at once. */
  readonly running?: number
  readonly agenda?: EngineOptions['agenda']
}

export const scenes: readonly [Scene, ...Scene[]] = [
  {
    name: 'two come at the same time, and stores take theirs',
    tellers: [manyDesks],
    rates: { 'store-slow': 0.25 },
  },
  {
    name: 'a promise is kept while somebody comes to wait for it',
    tellers: [pledges],
    rates: { 'store-slow': 0.4 },
    places: { 'store-slow': 'promises.' },
  },
  {
    name: 'what was handed out is lost on its way',
    tellers: [weaves],
    rates: { 'store-slow': 0.4, 'function-dies': 0.15, 'function-clock': 0.3 },
    places: { 'store-slow': 'journals.append asked', 'function-dies': 'after step' },
  },
  {
    name: 'several call one at the same time',
    tellers: [backers],
    rates: { 'store-slow': 0.3 },
    places: { 'store-slow': 'objects.' },
  },
  {
    name: 'who releases a key dies',
    tellers: [errands],
    rates: { 'replica-dies': 0.15 },
    replicas: 4,
    places: { 'replica-dies': 'head.after' },
  },
  {
    name: 'who hands over a place dies, or does not hear of it',
    tellers: [ledgers, slowErrands],
    rates: { 'answer-lost': 0.5, 'replica-dies': 0.005 },
    places: { 'answer-lost': 'objects.append' },
  },
  {
    name: 'who has taken a record dies before it is committed',
    tellers: [ledgers],
    rates: { 'replica-dies-asking': 0.1, rebalance: 0.05 },
    places: { 'replica-dies-asking': 'after sink.' },
    replicas: 3,
  },
  {
    name: 'what is asked for at once comes in any order',
    tellers: [postmen, gathers],
    rates: { 'store-refuses': 0.08, 'store-slow': 0.1, 'answer-lost': 0.03 },
  },
  {
    name: 'nobody asks again, and an append is late',
    tellers: [shies, onces],
    rates: { 'store-slow': 0.5, 'replica-stops': 0.03, 'replica-dies': 0.04, blackout: 0.02 },
    places: { 'store-slow': 'journals.append asked', 'replica-dies': 'append.after' },
  },
  {
    name: 'nobody asks again, and a flush is late',
    tellers: [manyOnces],
    rates: { 'store-slow': 0.8, 'replica-stalls': 0.004, 'dies-waking': 1 },
    places: { 'store-slow': 'agenda.put asked' },
    slowMs: 20_000,
    stallMs: 30_000,
    replicas: 5,
    agenda: { requestMs: 15_000, shards: 8 },
  },
  {
    name: 'more want to run than may',
    tellers: [crowds, desks],
    rates: {},
    running: 1,
  },
  {
    name: 'large things',
    tellers: [hoarders],
    rates: { 'store-slow': 0.02, 'function-dies': 0.05 },
  },
  {
    name: 'for longer than it is kept',
    tellers: [sleepers, hibernators],
    rates: { 'answer-lost': 0.02, 'replica-dies': 0.01, blackout: 0.005 },
  },
  {
    name: 'a request comes twice',
    tellers: [weaves, dares],
    rates: { twin: 0.5, 'function-cold': 0.2, reordered: 0.3 },
  },
  {
    name: 'work that outlasts those who look after it',
    tellers: [slogs],
    rates: { 'replica-stops': 0.03, 'replica-dies': 0.003 },
  },
  {
    name: 'what may happen once, and what is given up',
    tellers: [dares],
    rates: { 'function-dies': 0.1, 'function-unheard': 0.05, 'function-lives-on': 0.1 },
  },
  {
    name: 'few may run, and much comes twice',
    tellers: [ledgers, tills, postmen, programs],
    rates: {
      ...{ 'answer-lost': 0.05, 'asked-twice': 0.05, 'store-slow': 0.05, rebalance: 0.05 },
      ...{ 'drop-reply': 0.05, throttle: 0.05, 'replica-stalls': 0.002 },
    },
    running: 2,
  },
  {
    name: 'people change their minds',
    tellers: [slates, messengers, redos, latecomers, shoppers],
    rates: { 'answer-lost': 0.03, 'replica-dies': 0.005, 'store-slow': 0.1 },
  },
  {
    name: 'what is forgotten, and by whom',
    tellers: [purgers],
    rates: { 'answer-lost': 0.02, 'replica-dies': 0.01, blackout: 0.03 },
  },
  {
    name: 'on time',
    tellers: [clocks, gathers, bosses, holders, latecomers],
    rates: {},
  },
  {
    name: 'nobody has to be looked for',
    tellers: [programs, tills, errands, slates, shoppers, messengers, slogs, marches, dares],
    rates: {},
  },
]
