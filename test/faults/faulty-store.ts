import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { cutReadable, type Fault, InjectedFault, discard } from './fault-middleware.ts'

/**
 * Wraps a store so that `next` decides the fault of every call, by a name such as `objects.put`. If a call returns an
 * object with asynchronous methods (a writer, an upload, a lease, an archive source), this object is wrapped, too.
 */
export const faultyStore = <Store extends object>(
  store: Store,
  name: string,
  next: (call: string) => Fault | undefined,
): Store =>
  new Proxy(store, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key, target)
      const call = `${name}.${String(key)}`
      const wrapped = (value: unknown): unknown => (hasAsyncMethods(value) ? faultyStore(value, call, next) : value)
      if (typeof key !== 'string') return member
      if (typeof member !== 'function') return wrapped(member)
      return (...args: unknown[]): unknown => {
        const invoke = (): unknown => Reflect.apply(member, target, args)
        if (SYNCHRONOUS_METHODS.includes(key)) return wrapped(invoke())
        if (isGenerator(member)) return streamWithFault(invoke() as AsyncIterable<unknown>, next(call), call)
        return callWithFault(invoke, next(call), call, args).then(wrapped)
      }
    },
  })

/** Methods that do not return a promise. They have no faults; the objects that they return do. */
const SYNCHRONOUS_METHODS: readonly string[] = ['writer', 'held', 'resumeMultipart', 'sourceOf', 'epoch', 'key']

const isAsync = (member: unknown): boolean => member?.constructor.name === 'AsyncFunction'
const isGenerator = (member: unknown): boolean => member?.constructor.name === 'AsyncGeneratorFunction'

const hasAsyncMethods = (value: unknown): value is object => {
  if (typeof value !== 'object' || value === null || value instanceof Readable || ArrayBuffer.isView(value))
    return false
  const owners = [value, Object.getPrototypeOf(value) as object]
  return owners.some((owner) =>
    Object.values(Object.getOwnPropertyDescriptors(owner)).some((property) => isAsync(property.value)),
  )
}

const callWithFault = async (
  made: () => unknown,
  fault: Fault | undefined,
  call: string,
  args: readonly unknown[],
): Promise<unknown> => {
  switch (fault?.kind) {
    case 'fail-before':
      throw new InjectedFault('InjectedFault', call)
    case 'throttle':
    case 'unprocessed':
      throw new InjectedFault('ProvisionedThroughputExceededException', call)
    case 'conflict':
      throw new InjectedFault('ConditionalRequestConflict', call)
    case 'fail-after':
      discard(await made())
      throw new InjectedFault('InjectedFault', call)
    case 'repeat':
      // A stream can be read only once, so such a call is not repeated.
      if (!args.some((arg) => arg instanceof Readable)) discard(await made())
      return made()
    case 'delay':
      await sleep(fault.ms)
      return made()
    case 'cut':
      return cutBody(await made(), fault.bytes)
    case undefined:
      return made()
  }
}

const cutBody = (value: unknown, bytes: number): unknown => {
  if (value instanceof Readable) return cutReadable(value, bytes)
  if (typeof value !== 'object' || value === null || !('body' in value) || !(value.body instanceof Readable))
    return value
  return { ...value, body: cutReadable(value.body, bytes) }
}

/** A stream that fails: at once, or after its first element. */
async function* streamWithFault(rows: AsyncIterable<unknown>, fault: Fault | undefined, call: string): AsyncGenerator {
  if (fault?.kind === 'fail-before' || fault?.kind === 'throttle') throw new InjectedFault('InjectedFault', call)
  if (fault?.kind === 'delay') await sleep(fault.ms)
  for await (const row of rows) {
    yield row
    if (fault !== undefined && fault.kind !== 'delay') throw new InjectedFault('ECONNRESET', `${call} was cut`)
  }
}
