// A certified OpenID Connect provider, for one client; whoever logs in is who he says he is.
//     node provider.mjs '{"port": 0, "redirect_uri": "…", "client_id": "…", "client_secret": "…"}'
// It prints its address, then takes lines: {"groups": [...]} sets what everybody is in from now on,
// {"rotate": true} makes it sign with another key. Each is answered with a line when it holds.

import { generateKeyPairSync, randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";

import Provider from "oidc-provider";

const given = JSON.parse(process.argv[2]);
let groups = [];

function newKey() {
  const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...privateKey.export({ format: "jwk" }), kid: randomUUID(), alg: "RS256", use: "sig" };
}

function provider(issuer) {
  return new Provider(issuer, {
    clients: [
      {
        client_id: given.client_id,
        client_secret: given.client_secret,
        redirect_uris: [given.redirect_uri],
      },
    ],
    claims: { openid: ["sub", "groups"], email: ["email", "email_verified"], profile: ["name"] },
    cookies: { keys: [randomUUID()] },
    findAccount: (_, login) => ({
      accountId: login,
      claims: () => ({
        sub: `id of ${login}`,
        email: login,
        email_verified: true,
        name: login.split("@")[0],
        groups,
      }),
    }),
    jwks: { keys: [newKey()] },
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({
        accountId: oidc.session.accountId,
        clientId: oidc.client.clientId,
      });
      grant.addOIDCScope("openid email profile");
      await grant.save();
      return grant;
    },
  });
}

const server = createServer((request, response) => handle(request, response));
let handle;
server.listen(given.port, "127.0.0.1", () => {
  const issuer = `http://127.0.0.1:${server.address().port}`;
  handle = provider(issuer).callback();
  console.log(JSON.stringify({ issuer }));
  createInterface({ input: process.stdin }).on("line", (line) => {
    const told = JSON.parse(line);
    groups = told.groups ?? groups;
    if (told.rotate) handle = provider(issuer).callback();
    console.log(JSON.stringify(told));
  }).on("close", () => process.exit(0));
});
