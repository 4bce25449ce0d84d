/** One listener, any number of ringers: what rings while nobody listens is heard at the next `heard()`. */
export class Bell {
  #rung = false
  #wake: (() => void) | undefined

  ring(): void {
    this.#rung = true
    this.#wake?.()
  }

  /** Whether it rang since it was last asked or heard. */
  rang(): boolean {
    const rung = this.#rung
    this.#rung = false
    return rung
  }

  async heard(): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
      this.#wake = undefined
    }
    this.#rung = false
  }
}
