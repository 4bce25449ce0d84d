import { paint, seconds, widthOf } from './style.ts'

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']
const frameMs = 100
const plainEveryMs = 2_500
const clearLine = '\r\x1b[2K'
const hideCursor = '\x1b[?25l'
const showCursor = '\x1b[?25h'

/** Lines that stay, and below them, on a terminal, one that is kept up to date. Elsewhere: lines only. */
export class Screen {
  readonly #out = process.stdout
  readonly #startedAt = performance.now()
  #live: (() => string) | undefined
  #timer: NodeJS.Timeout | undefined
  #frame = 0
  #lastPlain = ''
  #isMute = false

  get elapsedMs(): number {
    return performance.now() - this.#startedAt
  }

  line(text = ''): void {
    if (this.#isMute) return
    if (this.#isTerminal && this.#live !== undefined) this.#out.write(clearLine)
    this.#out.write(`${text}\n`)
    this.#draw()
  }

  /** Something that happened, with the time since the start. */
  event(mark: string, text: string): void {
    this.line(`  ${mark} ${paint('dim', seconds(this.elapsedMs).padStart(7))}  ${text}`)
  }

  /** Shows that something is under way, and then what came of it. */
  async step<T>(doing: string, work: Promise<T>, done: (result: T) => string): Promise<T> {
    const startedAt = performance.now()
    this.#show(() => `${doing} …`, { plain: false })
    try {
      const result = await work
      this.#hide()
      this.line(
        `  ${paint('green', '✓')} ${done(result)} ${paint('dim', seconds(performance.now() - startedAt))}`,
      )
      return result
    } catch (error) {
      this.#hide()
      this.line(`  ${paint('red', '✗')} ${doing}`)
      throw error
    }
  }

  /** Keeps a line up to date while the work goes on; where that cannot be, writes it now and then. */
  async progress<T>(line: () => string, work: Promise<T>): Promise<T> {
    this.#show(line, { plain: true })
    try {
      return await work
    } finally {
      this.#hide()
    }
  }

  /** Leaves the terminal as it was. */
  close(): void {
    this.#hide()
  }

  /** Nothing more is shown: what still goes on is of no interest. */
  mute(): void {
    this.#isMute = true
  }

  get #isTerminal(): boolean {
    return this.#out.isTTY === true
  }

  #show(line: () => string, { plain }: { readonly plain: boolean }): void {
    this.#live = line
    if (this.#isTerminal) {
      this.#out.write(hideCursor)
      this.#draw()
      this.#timer = setInterval(() => this.#draw(), frameMs)
    } else if (plain) {
      this.#timer = setInterval(() => this.#writePlain(), plainEveryMs)
    }
  }

  #hide(): void {
    clearInterval(this.#timer)
    if (this.#live === undefined) return
    this.#live = undefined
    if (this.#isTerminal) this.#out.write(`${clearLine}${showCursor}`)
  }

  #draw(): void {
    if (!this.#isTerminal || this.#live === undefined) return
    this.#frame = (this.#frame + 1) % frames.length
    const text = `  ${paint('cyan', frames[this.#frame] ?? '')} ${this.#live()}`
    this.#out.write(`${clearLine}${cut(text, this.#out.columns)}`)
  }

  /** The same line twice would say nothing. */
  #writePlain(): void {
    const text = this.#live?.() ?? ''
    if (text === this.#lastPlain) return
    this.#lastPlain = text
    this.event('·', text)
  }
}

/** A line that wraps could not be cleared: ` · ` separates parts that can be left out. */
function cut(text: string, columns: number): string {
  const parts = text.split(' · ')
  while (parts.length > 1 && widthOf(parts.join(' · ')) >= columns) parts.pop()
  return parts.join(' · ')
}
