import { agenda } from './mutants/agenda.ts'
import { control } from './mutants/control.ts'
import { handlers } from './mutants/handlers.ts'
import { intake } from './mutants/intake.ts'
import { journals } from './mutants/journals.ts'
import type { Mutant } from './mutants/mutant.ts'
import { news } from './mutants/news.ts'
import { objects } from './mutants/objects.ts'
import { times } from './mutants/times.ts'

/** All planted bugs. Each must be found. */
export const mutants: readonly Mutant[] = [
  ...[...handlers, ...journals, ...objects],
  ...[...news, ...agenda, ...intake, ...times, ...control],
]
