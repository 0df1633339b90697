// Makes calls of the official JavaScript client, as a program of its user does: what each of
// [[class, method, options], …] gave is printed as JSON.
import fastly from "fastly";

const [address, token, calls] = process.argv.slice(2);
const client = fastly.ApiClient.instance;
client.authenticate(token);
// Each method has the vendor's address in it, so the request is what has to be pointed here.
client.plugins = [
  (request) => {
    request.url = request.url.replace("https://api.fastly.com", address);
  },
];

const told = [];
for (const [name, method, options] of JSON.parse(calls)) {
  try {
    told.push(await new fastly[name]()[method](options));
  } catch (problem) {
    told.push({ refused: problem.status ?? String(problem) });
  }
}
process.stdout.write(JSON.stringify(told));
