import { randomUUID } from 'node:crypto'
import type { Context } from 'aws-lambda'
import type { EventSpec } from '../../../functions/events.ts'
import { localContext } from './local-context.ts'

/** A row of `functions/events.ts` whose function the local program can call. */
export interface LocalTrigger extends Pick<EventSpec, 'name' | 'trigger'> {
  /** Calls the handler of the function. */
  readonly invoke: (event: object) => Promise<unknown>
}

/** The handler of an event, with the signature that Lambda calls. */
type EventHandler = (event: object, context: Context) => Promise<unknown>

/** Loads the handlers of all rows. */
export const loadTriggers = (events: readonly EventSpec[]): Promise<LocalTrigger[]> =>
  Promise.all(
    events.map(async ({ name, file, size, trigger }) => {
      const handler = await loadHandler(file)
      const invoke = (event: object): Promise<unknown> =>
        handler(event, localContext(name, randomUUID(), size.timeout * 1000))
      return { name, trigger, invoke }
    }),
  )

const loadHandler = async (file: string): Promise<EventHandler> => {
  // Test runners can resolve a dynamic import only if every variable in it stands for one segment of the path.
  const [folder, name] = file.replace(/\.ts$/, '').split('/')
  const module = (await import(`../../../functions/${folder}/${name}.ts`)) as { readonly handler: EventHandler }
  return module.handler
}
