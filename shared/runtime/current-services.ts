import { isOnLambda } from '../telemetry/is-on-lambda.ts'
import { deployedServices } from './deployed.ts'
import type { Services } from './services.ts'

let installed: Promise<Services> | undefined

/**
 * Sets the services that all handlers of this process use. `undefined` removes the services. Called by the local
 * program and by tests.
 */
export const setServices = (services: Services | Promise<Services> | undefined): void => {
  installed = services === undefined ? undefined : Promise.resolve(services)
}

/**
 * Returns the services that `setServices` has set. If no services are set, creates them from the environment variables
 * on Lambda, and throws an error elsewhere.
 */
export const currentServices = (): Promise<Services> => {
  if (installed === undefined && !isOnLambda)
    throw new Error('no services are installed in this process: call setServices first')
  installed ??= deployedServices()
  return installed
}
