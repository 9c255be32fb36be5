import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What happens to one call of an SDK client: it fails before it has an effect, or after (the answer is lost); it is
 * throttled; some items of a batch are left over; the body of its answer is cut; it comes late; it arrives twice.
 */
export type Fault =
  | { readonly kind: 'fail-before' | 'fail-after' | 'throttle' | 'repeat' }
  | { readonly kind: 'unprocessed'; readonly items: number }
  | { readonly kind: 'cut'; readonly bytes: number }
  | { readonly kind: 'delay'; readonly ms: number }

/** Gives the fault of a call: `n` counts the calls of this client from 1, `command` is like `PutObjectCommand`. */
export type FaultPlan = (n: number, command: string) => Fault | undefined

/** The calls that a client has made, by command. */
export interface Calls {
  readonly byCommand: ReadonlyMap<string, number>
  readonly total: number
}

/** What the middleware needs of an SDK client. */
interface FaultyClient {
  readonly middlewareStack: {
    add(middleware: Middleware, options: { readonly step: 'initialize'; readonly name: string }): void
  }
}
type Next = (args: { input: object }) => Promise<{ response: unknown; output: object }>
type Middleware = (next: Next, context: { readonly commandName?: string }) => Next

export class InjectedFault extends Error {
  override readonly name: string

  constructor(name: string, call: string) {
    super(`injected: ${call}`)
    this.name = name
  }
}

/** Puts faults on every call that a plan names, above the SDK's own retries, and counts all calls. */
export const injectFaults = (client: FaultyClient, plan: FaultPlan): Calls => {
  const byCommand = new Map<string, number>()
  let total = 0
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      (args) => {
        total += 1
        byCommand.set(commandName, (byCommand.get(commandName) ?? 0) + 1)
        return faulty(next, plan(total, commandName), `call ${total}, ${commandName}`)(args)
      },
    { step: 'initialize', name: 'injectedFaults' },
  )
  return {
    byCommand,
    get total() {
      return total
    },
  }
}

const faulty =
  (next: Next, fault: Fault | undefined, call: string): Next =>
  async (args) => {
    if (fault === undefined) return next(args)
    switch (fault.kind) {
      case 'fail-before':
        throw new InjectedFault('InjectedFault', call)
      case 'fail-after':
        lose((await next(args)).output)
        throw new InjectedFault('InjectedFault', call)
      case 'throttle':
        throw new InjectedFault('ProvisionedThroughputExceededException', call)
      case 'repeat':
        lose((await next(args)).output)
        return next(args)
      case 'delay':
        await sleep(fault.ms)
        return next(args)
      case 'unprocessed':
        return leaveOver(next, args, fault.items)
      case 'cut':
        return cutBody(await next(args), fault.bytes)
    }
  }

/** Sends a batch of writes or reads without its last items, and says so. */
const leaveOver = async (
  next: Next,
  args: { input: object },
  items: number,
): Promise<{ response: unknown; output: object }> => {
  if (!isBatch(args.input)) return next(args)
  const [[table, batch] = ['', []]] = Object.entries(args.input.RequestItems)
  const all = 'Keys' in batch ? batch.Keys : batch
  const sent = all.slice(0, Math.max(0, all.length - items))
  const left = all.slice(sent.length)
  const of = (part: readonly unknown[]): object => ({ [table]: 'Keys' in batch ? { ...batch, Keys: part } : part })
  const unprocessed = 'Keys' in batch ? { UnprocessedKeys: of(left) } : { UnprocessedItems: of(left) }
  if (sent.length === 0) return { response: {}, output: { $metadata: {}, ...unprocessed } }
  const answer = await next({ ...args, input: { ...args.input, RequestItems: of(sent) } })
  return { ...answer, output: { ...answer.output, ...unprocessed } }
}

interface Batch {
  readonly RequestItems: Readonly<Record<string, readonly unknown[] | { readonly Keys: readonly unknown[] }>>
}
const isBatch = (input: object): input is Batch => 'RequestItems' in input

const cutBody = (
  answer: { response: unknown; output: object },
  bytes: number,
): { response: unknown; output: object } => {
  if (!('Body' in answer.output) || !(answer.output.Body instanceof Readable)) return answer
  return { ...answer, output: { ...answer.output, Body: cutReadable(answer.output.Body, bytes) } }
}

/** A body that breaks off after so many bytes. */
export const cutReadable = (body: Readable, bytes: number): Readable => Readable.from(firstBytes(body, bytes))

/** Lets go of an answer that is lost on its way: a body that nobody reads would hold its socket, and end in an error of its own. */
export const lose = (answer: unknown): void => {
  if (answer instanceof Readable) answer.on('error', () => undefined).destroy()
  else if (typeof answer === 'object' && answer !== null)
    for (const member of Object.values(answer)) if (member instanceof Readable) lose(member)
}

/** The first bytes of a body, then the error of a connection that is gone. */
async function* firstBytes(body: Readable, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (chunk.length >= left) {
      yield chunk.subarray(0, left)
      body.destroy()
      throw new InjectedFault('ECONNRESET', 'the body was cut')
    }
    left -= chunk.length
    yield chunk
  }
}
