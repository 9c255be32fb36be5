import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { buffersOf } from '../../shared/values/buffers-of.ts'

/**
 * A fault of one call of an SDK client:
 *
 * - `fail-before`: the call fails without an effect;
 * - `fail-after`: the call takes effect, but its response is lost;
 * - `throttle`: one or more attempts of the call are rejected because of their rate;
 * - `conflict`: the conditional write is rejected, because another write of the same key is in progress;
 * - `repeat`: the call takes effect twice;
 * - `unprocessed`: the last items of a batch are returned as unprocessed;
 * - `cut`: the body of the response ends early with an error;
 * - `delay`: the call takes effect later.
 */
export type Fault =
  | { readonly kind: 'fail-before' | 'fail-after' | 'conflict' | 'repeat' }
  | { readonly kind: 'throttle'; readonly attempts?: number }
  | { readonly kind: 'unprocessed'; readonly items: number }
  | { readonly kind: 'cut'; readonly bytes: number }
  | { readonly kind: 'delay'; readonly ms: number }

/**
 * Returns the fault of a call. `n` counts the calls of this client from 1; `command` is a name such as
 * `PutObjectCommand`.
 */
export type FaultPlan = (n: number, command: string, input: object) => Fault | undefined

/** The number of calls of a client by command. */
interface Calls {
  readonly byCommand: ReadonlyMap<string, number>
  readonly total: number
}

/** The part of an SDK client that the middleware uses. */
interface FaultyClient {
  readonly middlewareStack: {
    add(middleware: Middleware, options: { readonly step: 'initialize'; readonly name: string }): void
    add(
      middleware: AttemptMiddleware,
      options: { readonly step: 'finalizeRequest'; readonly priority: 'low'; readonly name: string },
    ): void
  }
}
type Next = (args: { input: object }) => Promise<{ response: unknown; output: object }>
type Context = { readonly commandName?: string }
type Middleware = (next: Next, context: Context) => Next
type NextAttempt = (args: { input: object; request: unknown }) => Promise<{ response: unknown; output: object }>
type AttemptMiddleware = (next: NextAttempt, context: Context) => NextAttempt

export class InjectedFault extends Error {
  override readonly name: string

  constructor(name: string, call: string) {
    super(`injected: ${call}`)
    this.name = name
  }
}

/** Injects the faults of a plan and counts all calls. The client repeats only throttled attempts. */
export const injectFaults = (client: FaultyClient, plan: FaultPlan): Calls => {
  const byCommand = new Map<string, number>()
  let total = 0
  /** The number of attempts that are still to be throttled, by the context of the call. */
  const throttled = new WeakMap<Context, number>()
  client.middlewareStack.add(
    (next, context) => (args) => {
      const { commandName = '' } = context
      total += 1
      byCommand.set(commandName, (byCommand.get(commandName) ?? 0) + 1)
      const fault = plan(total, commandName, args.input)
      if (fault?.kind === 'throttle') throttled.set(context, fault.attempts ?? 1)
      return withFault(next, fault, `call ${total}, ${commandName}`)(args)
    },
    { step: 'initialize', name: 'injectedFaults' },
  )
  // The last middleware of this step runs in each attempt, after the middlewares of the client.
  client.middlewareStack.add(
    (next, context) => (args) => {
      const left = throttled.get(context) ?? 0
      if (left === 0) return next(args)
      throttled.set(context, left - 1)
      throw new InjectedFault('ProvisionedThroughputExceededException', context.commandName ?? '')
    },
    { step: 'finalizeRequest', priority: 'low', name: 'throttledAttempts' },
  )
  return {
    byCommand,
    get total() {
      return total
    },
  }
}

const withFault =
  (next: Next, fault: Fault | undefined, call: string): Next =>
  async (args) => {
    if (fault === undefined) return next(args)
    switch (fault.kind) {
      case 'fail-before':
        throw new InjectedFault('InjectedFault', call)
      case 'fail-after':
        discard((await next(args)).output)
        throw new InjectedFault('InjectedFault', call)
      case 'throttle':
        return next(args)
      case 'conflict':
        throw new InjectedFault('ConditionalRequestConflict', call)
      case 'repeat':
        discard((await next(args)).output)
        return next(args)
      case 'delay':
        await sleep(fault.ms)
        return next(args)
      case 'unprocessed':
        return sendPartOfBatch(next, args, fault.items)
      case 'cut':
        return cutBody(await next(args), fault.bytes)
    }
  }

/** Sends a batch of writes or reads without its last items, and returns those as unprocessed. */
const sendPartOfBatch = async (
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

/** A body that fails after this number of bytes. */
export const cutReadable = (body: Readable, bytes: number): Readable => Readable.from(readThenFail(body, bytes))

/**
 * Destroys the bodies in a response that is not returned. A body that is not read keeps its socket and later emits an
 * unhandled error.
 */
export const discard = (answer: unknown): void => {
  if (answer instanceof Readable) answer.on('error', () => undefined).destroy()
  else if (typeof answer === 'object' && answer !== null)
    for (const member of Object.values(answer)) if (member instanceof Readable) discard(member)
}

/** Yields the first bytes of a body, and then fails like a reset connection. */
async function* readThenFail(body: Readable, bytes: number): AsyncGenerator<Buffer> {
  let left = bytes
  for await (const chunk of buffersOf(body)) {
    if (chunk.length >= left) {
      yield chunk.subarray(0, left)
      body.destroy()
      throw new InjectedFault('ECONNRESET', 'the body was cut')
    }
    left -= chunk.length
    yield chunk
  }
}
