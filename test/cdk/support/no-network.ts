/** Loaded into processes that must not need a network: connecting anywhere is an error, and is told. */
import net from 'node:net'

const { connect } = net.Socket.prototype

Object.assign(net.Socket.prototype, {
  connect(this: net.Socket, ...args: Parameters<typeof connect>) {
    const [first] = args.flat() as unknown[]
    const to = typeof first === 'object' ? { ...first } : { port: first }
    // A pipe to another process is no network.
    if ('path' in to && to.path) return connect.apply(this, args)
    process.stderr.write(`no-network: ${JSON.stringify('host' in to ? to.host : to)}\n`)
    process.nextTick(() => this.destroy(new Error('There is no network here')))
    return this
  },
})
