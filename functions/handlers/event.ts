import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import type * as z from 'zod'
import { currentServices } from '../../shared/runtime/current-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { telemetry } from '../../shared/telemetry/telemetry.ts'
import { issueLines, schemaMessage } from '../../shared/values/schema-messages.ts'
import { withEventBudget } from './call-budgets.ts'

/**
 * Returns the Lambda handler of an event. `schema` describes the members of the event that `work` reads. If `work`
 * throws, Lambda calls the handler at most two more times and then sends the event to the dead-letter queue.
 *
 * @example
 * export const handler = event(Due, async ({ schedule, at }, services) =>
 *   startScheduled(services, schedule, new Date(at)),
 * )
 */
export const event = <Schema extends z.ZodType, Output>(
  schema: Schema,
  work: (input: z.output<Schema>, services: Services) => Promise<Output>,
): ((payload: z.input<Schema>, context: Context) => Promise<Output>) => {
  const handler = middy<z.input<Schema>, Output>()
    .use(telemetry())
    .handler(async (payload: z.input<Schema>): Promise<Output> => work(parse(schema, payload), await currentServices()))
  return (payload, context) => withEventBudget(context, () => handler(payload, context))
}

const parse = <Schema extends z.ZodType>(schema: Schema, payload: unknown): z.output<Schema> => {
  const { success, data, error } = schema.safeParse(payload, { error: schemaMessage })
  if (success) return data
  throw new Error(`the event is not valid: ${issueLines(error).join('; ')}`)
}
