/** The programs that tests, the demo and the benchmarks start beside the project's own code. */
export type RealPart =
  | 'kafka'
  | 'dynamodb-local'
  | 'dynalite'
  | 'dynoxide'
  | 'ministack'
  | 'tla-tools'

export type MissingPartCode =
  | 'MISSING_JAVA'
  | 'JAVA_TOO_OLD'
  | 'MISSING_MAVEN'
  | 'MISSING_PYTHON'
  | 'DOWNLOAD_FAILED'
  | 'MISSING_DYNOXIDE'

export interface MissingPartDetails {
  readonly part: RealPart
  readonly code: MissingPartCode
  /** What is wrong, as a sentence. */
  readonly problem: string
  /** What to do about it, as a sentence. */
  readonly remedy: string
  readonly cause?: unknown
}

/** A part cannot be started on this machine; the message says what to install or run. */
export class MissingPartError extends Error {
  override readonly name = 'MissingPartError'
  readonly part: RealPart
  readonly code: MissingPartCode

  constructor({ part, code, problem, remedy, cause }: MissingPartDetails) {
    super(`${part}: ${problem} ${remedy}`, cause === undefined ? {} : { cause })
    this.part = part
    this.code = code
  }
}

/** A part was there but did not come up, or went away; `output` is the last that it printed. */
export class PartFailedError extends Error {
  override readonly name = 'PartFailedError'
  readonly code = 'PART_FAILED'
  readonly output: string

  constructor(problem: string, output: string) {
    super(output === '' ? problem : `${problem} It printed last:\n${output}`)
    this.output = output
  }
}
