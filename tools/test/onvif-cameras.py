"""
IP cameras of one network, for tests: onvif-cameras.py FIRST SECOND THIRD (addresses of this machine). They answer WS-Discovery
and ONVIF in the forms that captures of such devices have:
- FIRST: gSOAP, a name and a model in the scopes, IPv6 before IPv4 in XAddrs, streams for everybody
- SECOND: a default namespace, no urn:, an address behind a router, and a login (UsernameToken; the user is viewer, the
  password geheim; its clock is two hours ahead)
- THIRD: a printer
It prints "ready", and then a line for each request: address, operation, user.
"""
import base64, hashlib, re, socket, struct, sys, threading, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

first, second, third = sys.argv[1:4]
ahead_seconds = 7200

gsoap = '''<?xml version="1.0" encoding="UTF-8"?>
<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://www.w3.org/2003/05/soap-envelope" xmlns:wsa="http://schemas.xmlsoap.org/ws/2004/08/addressing" xmlns:wsdd="http://schemas.xmlsoap.org/ws/2005/04/discovery" xmlns:tt="http://www.onvif.org/ver10/schema" xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" xmlns:dn="http://www.onvif.org/ver10/network/wsdl">
<SOAP-ENV:Header>%s</SOAP-ENV:Header><SOAP-ENV:Body>%s</SOAP-ENV:Body></SOAP-ENV:Envelope>'''
plain = '<?xml version="1.0" encoding="utf-8"?><Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"><Header>%s</Header><Body>%s</Body></Envelope>'

matches = {
    first: gsoap % ('<wsa:RelatesTo>%s</wsa:RelatesTo>', f'''<wsdd:ProbeMatches><wsdd:ProbeMatch>
<wsa:EndpointReference><wsa:Address>urn:uuid:4d454930-0000-1000-8000-bcad28000001</wsa:Address></wsa:EndpointReference>
<wsdd:Types>dn:NetworkVideoTransmitter tds:Device</wsdd:Types>
<wsdd:Scopes>onvif://www.onvif.org/type/video_encoder onvif://www.onvif.org/Profile/Streaming onvif://www.onvif.org/hardware/DS-2CD2042WD-I onvif://www.onvif.org/name/Front%%20door onvif://www.onvif.org/location/city/x</wsdd:Scopes>
<wsdd:XAddrs>http://[fd00::b]:8081/onvif/device_service http://{first}:8081/onvif/device_service</wsdd:XAddrs>
<wsdd:MetadataVersion>10</wsdd:MetadataVersion></wsdd:ProbeMatch></wsdd:ProbeMatches>'''),
    second: plain % ('<RelatesTo xmlns="http://schemas.xmlsoap.org/ws/2004/08/addressing">%s</RelatesTo>', '''<ProbeMatches xmlns="http://schemas.xmlsoap.org/ws/2005/04/discovery"><ProbeMatch>
<EndpointReference xmlns="http://schemas.xmlsoap.org/ws/2004/08/addressing"><Address>uuid:1</Address></EndpointReference>
<Types xmlns:q="http://www.onvif.org/ver10/network/wsdl">q:NetworkVideoTransmitter</Types><Scopes>
  onvif://www.onvif.org/Network_Video_Transmitter onvif://www.onvif.org/name/IPC%%26Co
</Scopes><XAddrs>http://203.0.113.7:8081/onvif/service?a=1&amp;b=2</XAddrs></ProbeMatch></ProbeMatches>'''),
    third: plain % ('%s', f'''<ProbeMatches><ProbeMatch><Types xmlns:p="http://schemas.microsoft.com/windows/2006/08/wdp/print">p:PrintDeviceType</Types>
<XAddrs>http://{third}:8081/wsd</XAddrs></ProbeMatch></ProbeMatches>'''),
}

def profiles(prefix):
    one = lambda token, name, codec, width, height: f'''<{prefix}Profiles token="{token}" fixed="true"><tt:Name>{name}</tt:Name>
<tt:VideoSourceConfiguration token="v"><tt:Name>source</tt:Name><tt:Bounds x="0" y="0" width="2688" height="1520"/></tt:VideoSourceConfiguration>
<tt:VideoEncoderConfiguration token="e"><tt:Name>encoder</tt:Name><tt:UseCount>1</tt:UseCount><tt:Encoding>{codec}</tt:Encoding>
<tt:Resolution><tt:Width>{width}</tt:Width><tt:Height>{height}</tt:Height></tt:Resolution></tt:VideoEncoderConfiguration></{prefix}Profiles>'''
    return f'<{prefix}GetProfilesResponse>' + one('P&amp;1', 'mainStream', 'H264', 2560, 1440) + one('P2', 'subStream', 'H265', 640, 360) + f'</{prefix}GetProfilesResponse>'

not_authorised = '<Fault><Code><Value>Sender</Value><Subcode><Value>ter:NotAuthorized</Value></Subcode></Code><Reason><Text>Sender not Authorized</Text></Reason></Fault>'

def is_authorised(body):
    find = lambda name: (re.search(rf'<w:{name}(?: [^>]*)?>([^<]*)<', body) or [None, ''])[1]
    created = (re.search(r'<u:Created>([^<]*)<', body) or [None, ''])[1]
    if not created: return False
    at = time.mktime(time.strptime(created[:19], '%Y-%m-%dT%H:%M:%S')) - time.timezone
    digest = hashlib.sha1(base64.b64decode(find('Nonce')) + created.encode() + b'geheim').digest()
    return abs(at - time.time() - ahead_seconds) < 5 and find('Username') == 'viewer' and base64.b64encode(digest).decode() == find('Password')

class Camera(BaseHTTPRequestHandler):
    def log_message(self, *a): pass
    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length'])).decode()
        host = self.server.server_address[0]
        what = re.search(r'Body><(\w+)', body)[1]
        user = re.search(r'Username>([^<]*)<', body)
        # One write: the cameras answer in threads of their own.
        print(f'{host} {what} {user[1] if user else "-"}\n', end='', flush=True)
        token = (re.search(r'<ProfileToken>([^<]*)<', body) or [None, ''])[1]
        at = time.gmtime(time.time() + ahead_seconds)
        answers = {
            'GetSystemDateAndTime': f'<r><SystemDateAndTime><tt:LocalDateTime><tt:Time><tt:Hour>1</tt:Hour></tt:Time></tt:LocalDateTime><tt:UTCDateTime><tt:Time><tt:Hour>{at.tm_hour}</tt:Hour><tt:Minute>{at.tm_min}</tt:Minute><tt:Second>{at.tm_sec}</tt:Second></tt:Time><tt:Date><tt:Year>{at.tm_year}</tt:Year><tt:Month>{at.tm_mon}</tt:Month><tt:Day>{at.tm_mday}</tt:Day></tt:Date></tt:UTCDateTime></SystemDateAndTime></r>',
            'GetCapabilities': '<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://203.0.113.7:8081/onvif/media</tt:XAddr></tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>',
            'GetProfiles': profiles('trt:' if host == first else ''),
            'GetStreamUri': f'<MediaUri><tt:Uri>rtsp://{host}:554/Streaming/Channels/{"101" if token.endswith("1") else "102"}?a=1&amp;b=2</tt:Uri></MediaUri>',
            'GetSnapshotUri': f'<MediaUri><tt:Uri>http://viewer:geheim@{host}/snapshot</tt:Uri></MediaUri>' if host == first else '',
        }
        text, status = answers[what], 200
        if what == 'GetSnapshotUri' and host != first: text, status = '<Fault><Code><Value>ActionNotSupported</Value></Code></Fault>', 500
        if host == second and what != 'GetSystemDateAndTime' and not is_authorised(body): text, status = not_authorised, 400
        data = ((gsoap if host == first else plain) % ('', text)).encode()
        self.send_response(status); self.send_header('Content-Type', 'application/soap+xml'); self.send_header('Content-Length', str(len(data))); self.end_headers(); self.wfile.write(data)

for host in (first, second):
    threading.Thread(target=ThreadingHTTPServer((host, 8081), Camera).serve_forever, daemon=True).start()
group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
group.bind(('239.255.255.250', 3702))
group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, socket.inet_aton('239.255.255.250') + socket.inet_aton(first))
answering = {}
for host in (first, second, third):
    answering[host] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    answering[host].bind((host, 3702))
print('ready', flush=True)
while True:
    probe, sender = group.recvfrom(65536)
    identity = re.search(rb'MessageID>([^<]*)<', probe)[1].decode()
    # The second answers to one type only.
    for host in (first, second, third):
        if host == second and b'tds:Device<' in probe: continue
        answering[host].sendto((matches[host] % identity).encode(), sender)
