import { connect as connectPlain, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { OpenSocket } from './kafka-options.ts'

export interface SeverableSockets {
  readonly open: OpenSocket
  /** Closes everything that is open, and opens nothing any more. */
  sever(): void
}

/**
 * The connections of one client, so that they can be ended from outside: a kafkajs consumer that is stopped
 * while it joins may go on to join all the same, and would hold partitions that nobody serves.
 */
export function createSeverableSockets(open: OpenSocket = openSocket): SeverableSockets {
  const sockets = new Set<Socket>()
  let severed = false
  return {
    open(to) {
      const socket = open(to)
      sockets.add(socket)
      socket.once('close', () => sockets.delete(socket))
      if (severed) socket.destroy(new Error('This client is closed'))
      return socket
    },
    sever() {
      severed = true
      for (const socket of sockets) socket.destroy()
    },
  }
}

const keepAliveMs = 60_000

const openSocket: OpenSocket = ({ host, port, ssl, onConnect }) => {
  const servername = isIP(host) === 0 ? { servername: host } : {}
  const socket =
    ssl === undefined
      ? connectPlain({ host, port }, onConnect)
      : connectTls({ host, port, ...servername, ...ssl }, onConnect)
  return socket.setKeepAlive(true, keepAliveMs)
}
