// One `runSimulation` request of @cloud-copilot/iam-simulate (AGPL-3.0: through its public API) for each document.
//
//   node simulate.mjs <documents.json> <folder with node_modules>
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const require = createRequire(pathToFileURL(resolve(process.argv[3], 'package.json')))
const entry = require.resolve('@cloud-copilot/iam-simulate').replace(/([\\/]dist[\\/])cjs([\\/])/, '$1esm$2')
const { runSimulation } = await import(pathToFileURL(entry).href)
const documents = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const account = '123456789012'

const ask = (text) =>
  runSimulation(
    {
      request: {
        principal: `arn:aws:sts::${account}:assumed-role/orders-role/orders`,
        action: 'ec2:DeleteNetworkInterface',
        resource: { resource: `arn:aws:ec2:us-east-1:${account}:network-interface/eni-0c0de`, accountId: account },
        contextVariables: {},
      },
      identityPolicies: [{ name: 'document', policy: JSON.parse(text) }],
      serviceControlPolicies: [],
      resourceControlPolicies: [],
      resourcePolicy: undefined,
    },
    { simulationMode: 'Strict' },
  )

await ask(documents[0])
const times = []
for (const text of documents) {
  const before = process.cpuUsage()
  await ask(text)
  const used = process.cpuUsage(before)
  times.push((used.user + used.system) / 1e6)
}
console.log(JSON.stringify(times))
