import middy from '@middy/core'
import type { Context } from 'aws-lambda'
import { currentServices } from '../../shared/runtime/current-services.ts'
import type { Services } from '../../shared/runtime/services.ts'
import { telemetry } from '../../shared/telemetry/telemetry.ts'

/** The Lambda handler of an event: `work` is one function of `shared`. What it throws, Lambda tries twice more, and then keeps in a queue. */
export const eventHandler = <Event, Result = void>(
  work: (event: Event, services: Services) => Promise<Result>,
): ((event: Event, context: Context) => Promise<Result>) =>
  middy<Event, Result>()
    .use(telemetry())
    .handler(async (event: Event) => work(event, await currentServices()))
