import { service } from '@fermata/lambda-runtime'

const greetings = ['Hello', 'Good morning', 'Welcome back']

/** Nothing here knows whether it runs on a server or on Lambda. */
export const greeter = service('greeter', {
  async greet(ctx, name: string) {
    // Chosen once, however often the handler is run.
    const greeting = await ctx.run('choose', () => greetings[name.length % greetings.length])
    return `${greeting}, ${name}`
  },
})
