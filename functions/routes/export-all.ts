import { exportRequest } from '../../shared/export/request.ts'
import { route } from '../handlers/route.ts'
import { exportAnswer } from '../http/export-answer.ts'
import { allExportParameters } from '../http/export-parameters.ts'
import { callerOf, parametersOf } from '../http/route-input.ts'

/** `GET|POST /_backup/export` */
export const handler = route((request, { models }) => {
  const parameters = allExportParameters(parametersOf(request))
  return { parameters, request: exportRequest(parameters, models), caller: callerOf(request) }
}, exportAnswer)
