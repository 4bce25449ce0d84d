/** Loaded into functions by the emulator: names of the VPC are this machine. */
import dns from 'node:dns'

const { lookup } = dns

Object.assign(dns, {
  lookup: (hostname: string, ...rest: [never, never]) =>
    lookup(hostname.endsWith('.internal') ? '127.0.0.1' : hostname, ...rest),
})
