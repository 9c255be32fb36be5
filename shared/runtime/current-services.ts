import { isOnLambda } from '../telemetry/is-on-lambda.ts'
import { deployedServices } from './deployed.ts'
import type { Services } from './services.ts'

let installed: Promise<Services> | undefined

/**
 * Sets the services that all handlers of this process use. The local program and tests call this. `undefined` removes
 * the services.
 */
export const setServices = (services: Services | Promise<Services> | undefined): void => {
  installed = services === undefined ? undefined : Promise.resolve(services)
}

/**
 * Returns the services that `setServices` has set. On Lambda, if none are set, they are created from the environment
 * variables. Elsewhere, throws an error if none are set.
 */
export const currentServices = (): Promise<Services> => {
  if (installed === undefined && !isOnLambda)
    throw new Error('no services are installed in this process: call setServices first')
  installed ??= deployedServices()
  return installed
}
