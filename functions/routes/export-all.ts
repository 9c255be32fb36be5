import { allExportParameters, exportRequest } from '../../shared/export/request.ts'
import { exportAnswer } from '../http/export-answer.ts'
import { jsonRoute } from '../handlers/route.ts'
import { callerOf, parametersOf } from '../http/route-input.ts'
import { services } from '../../shared/runtime/services.ts'

/** `GET|POST /_backup/export` */
export const handler = jsonRoute(
  async (request) => {
    const parameters = allExportParameters(parametersOf(request))
    const { models } = await services()
    return { parameters, wanted: exportRequest(parameters, models), caller: callerOf(request) }
  },
  async ({ parameters, wanted, caller }) => exportAnswer(await services(), wanted, parameters, caller),
)
