import type { FunctionCode } from '@fermata/orchestrator/adapters/memory-invoker/memory-invoker'
import type { Engine } from '@fermata/orchestrator/engine/engine'

const address = (version: number) => `arn:aws:lambda:eu-west-1:000000000000:function:all:${version}`

/**
 * The versions of the functions: the code is the same, but what has begun on one stays on it. One that a replica says
 * is removed is there no more.
 */
export class Versions {
  readonly #functions: Map<string, FunctionCode>
  readonly #serve: () => FunctionCode
  readonly #tell: (what: string) => void
  #newest = 0

  constructor(
    functions: Map<string, FunctionCode>,
    serve: () => FunctionCode,
    tell: (what: string) => void,
  ) {
    this.#functions = functions
    this.#serve = serve
    this.#tell = tell
    this.#add()
  }

  /** Another one is registered with whoever answers. */
  deploy(engine: Engine | undefined): void {
    const added = this.#add()
    this.#tell(`deploys version ${this.#newest}`)
    engine?.admin.register(added).catch(() => undefined)
  }

  /** The oldest is removed, if nothing needs it. */
  async undeploy(engine: Engine): Promise<void> {
    const oldest = (await engine.admin.deployments())
      .toSorted((a, b) => a.createdAt - b.createdAt)
      .find((one) => one.address !== address(this.#newest))
    if (oldest === undefined) return
    this.#tell(`asks for ${oldest.address} to be removed`)
    await engine.admin.removeDeployment(oldest.id)
    this.#tell(`deletes ${oldest.address}`)
    this.#functions.delete(oldest.address)
  }

  #add(): string {
    this.#newest += 1
    const added = address(this.#newest)
    this.#functions.set(added, this.#serve())
    return added
  }
}
