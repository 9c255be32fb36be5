import { isOnLambda } from '../telemetry/is-on-lambda.ts'
import { deployedServices } from './deployed.ts'
import type { Services } from './services.ts'

let installed: Promise<Services> | undefined

/** Installs the services that every handler of this process uses: those of the local program or of a test. `undefined` removes them. */
export const setServices = (services: Services | Promise<Services> | undefined): void => {
  installed = services === undefined ? undefined : Promise.resolve(services)
}

/** The services of this process: the installed ones; on Lambda, by default, those that the environment describes. */
export const currentServices = (): Promise<Services> => {
  if (installed === undefined && !isOnLambda)
    throw new Error('no services are installed in this process: call setServices first')
  installed ??= deployedServices()
  return installed
}
